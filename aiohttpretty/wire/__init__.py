"""How it travels: aiohttp's own connector and protocol over a connection that lives in memory.

Law of this room: aiohttp and bytes; nothing here knows of routes, replies or registries. Together with
`interception`, these are the only modules that name an underscore attribute of aiohttp.
"""
