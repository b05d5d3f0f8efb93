"""The ways in and out, in every form that the documentation knows, but those of pytest (see test_plugin)."""

import aiohttpretty
from aiohttpretty import testing

SHOP = "http://shop.example"


def driven(scene, main, *, clears=False):
    """Run it to its end, whatever that is, and tidy up behind it."""
    try:
        scene.drive(main)
    finally:
        scene.tidy()
        if clears:
            aiohttpretty.clear()


def plain_calls(scene):
    aiohttpretty.activate()
    try:
        scene.drive(scene.body)
    finally:
        aiohttpretty.deactivate()
        scene.tidy()
        aiohttpretty.clear()


def tidied_first(scene):
    try:
        with aiohttpretty.activate():
            try:
                scene.drive(scene.body)
            finally:
                scene.tidy_session()
    finally:
        scene.close_loop()
        aiohttpretty.clear()


def block(scene):
    try:
        with aiohttpretty.activate():
            scene.drive(scene.body)
    finally:
        scene.tidy()
        aiohttpretty.clear()


def asynchronous_block(scene):
    async def main():
        async with aiohttpretty.activate():
            await scene.body()

    driven(scene, main, clears=True)


def decorated_function(scene):
    @aiohttpretty.activate
    def test():
        scene.drive(scene.body)

    try:
        test()
    finally:
        scene.tidy()


def decorated_coroutine(scene):
    @aiohttpretty.activate
    async def test():
        await scene.body()

    driven(scene, test)


def decorated_class(scene):
    @aiohttpretty.activate
    class TestIt:
        async def test(self):
            await scene.body()

    driven(scene, TestIt().test)


def own_registry(scene):
    pretty = aiohttpretty.AioHTTPretty()
    try:
        with pretty.activate():
            scene.drive(lambda: scene.body(pretty))
    finally:
        scene.tidy()


def within_another(scene):
    pretty = aiohttpretty.AioHTTPretty()
    try:
        with aiohttpretty.activate(), pretty.activate():
            scene.drive(lambda: scene.body(pretty))
    finally:
        scene.tidy()
        aiohttpretty.clear()  # the outer one has refused, too


def inner_one_first(scene):
    """The outer activation stays until the session has been closed."""
    try:
        with aiohttpretty.activate():
            own_registry(scene)
    finally:
        aiohttpretty.clear()


def isolated(scene):
    async def main():
        async with aiohttpretty.isolated() as pretty:
            await scene.body(pretty)

    driven(scene, main)


def controlled(scene):
    async def main():
        async with aiohttpretty.controlled("http://controlled.example"):
            await scene.body()

    driven(scene, main, clears=True)


def served(scene):
    async def main():
        pretty = aiohttpretty.AioHTTPretty()
        async with pretty.serve():
            with pretty.activate():
                await scene.body(pretty)

    driven(scene, main)


def own_loop(scene):
    @testing.run_until_complete
    @aiohttpretty.activate
    async def test():
        try:
            await scene.body()
        finally:
            if scene.end != "closed":
                for task in scene._tasks:
                    task.cancel()
                await scene._tidy()

    test()


WAYS = {
    way.__name__: way
    for way in (
        plain_calls,
        tidied_first,
        block,
        asynchronous_block,
        decorated_function,
        decorated_coroutine,
        decorated_class,
        own_registry,
        within_another,
        inner_one_first,
        isolated,
        controlled,
        served,
        own_loop,
    )
}
