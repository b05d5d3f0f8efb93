"""Which requests: the conditions on a request, and how what they compare is compared.

Law of this house: entered only where a condition is used, for it takes as long to import as a third of all the rest.
"""
