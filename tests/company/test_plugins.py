"""Beside other plug-ins of pytest, each in a child process as a project has it."""

# What a project's tests do, in a few; and that nothing of one is left for the next
TESTS = """
    @pytest.mark.aiohttpretty
    async def test_marker():
        assert not pretty.calls and not pretty.registry
        pretty.register_uri("GET", URL, body="marker")
        assert await ask() == "marker"

    async def test_fixture(aiohttpretty):
        assert not aiohttpretty.calls and not aiohttpretty.registry
        aiohttpretty.register_uri("GET", URL, body="fixture")
        assert await ask() == "fixture"

    @pretty.activate
    async def test_decorator():
        pretty.register_uri("GET", URL, body="decorator")
        assert await ask() == "decorator"

    async def test_block():
        with pretty.activate():
            pretty.register_uri("GET", URL, body="block")
            assert await ask() == "block"
        pretty.clear()
"""


def test_timeout_by_a_signal(play):
    """A test that waits for ever, is blocked in a handler or in a matcher is ended, and everything is as before."""
    result = play(
        """
        import time

        def blocked(request):
            time.sleep(60)

        @pytest.mark.aiohttpretty
        async def test_stalled():
            pretty.register_uri("GET", URL, body=asyncio.StreamReader())
            await ask()

        def test_after_the_marker():
            assert as_before() and SEEN

        async def test_block():
            with pretty.activate():
                pretty.register_uri("GET", URL, fault=pretty.faults.stall())
                await ask()

        def test_after_the_block():
            assert as_before()
            pretty.clear()

        @pretty.activate
        async def test_handler():
            pretty.register_uri("GET", URL, handler=blocked)
            await ask()

        def test_after_the_handler():
            assert as_before()

        async def test_matcher(aiohttpretty):
            pretty.register_uri("GET", URL, match=blocked)
            await ask()

        def test_after_the_matcher():
            assert as_before()

        async def test_at_last(aiohttpretty):
            assert not aiohttpretty.calls and not aiohttpretty.registry
            aiohttpretty.register_uri("GET", URL, body="here")
            assert await ask() == "here"
        """,
        ["pytest_timeout"],
        "--timeout=1",
        "--timeout-method=signal",
    )
    result.assert_outcomes(failed=4, passed=5)
    result.stdout.fnmatch_lines(["*Failed: Timeout (>1.0s) from pytest-timeout.", "1 request:"])


def test_timeout_by_a_thread(play):
    """With this method the process ends, and its stacks say where it waited."""
    result = play(
        """
        async def test_stalled(aiohttpretty):
            aiohttpretty.register_uri("GET", URL, body=asyncio.StreamReader())
            await ask()
        """,
        ["pytest_timeout"],
        "--timeout=1",
        "--timeout-method=thread",
    )
    assert result.ret == 1
    assert "Timeout" in result.stderr.str() + result.stdout.str()


EVERYTHING = """
    ADDRESSES = (URL, "https://example.com/", "http://127.0.0.1:9/", "http://localhost/", URL + "moved")

    async def everything():
        async def handler(request):
            return web.Response(body=await request.read())

        for url in ADDRESSES[:-1]:
            pretty.register_uri("GET", url, body="here")
        pretty.register_uri("GET", URL + "moved", status=302, headers={"Location": URL})
        pretty.register_uri("POST", URL, handler=handler)
        pretty.register_uri("GET", URL + "refused", fault=pretty.faults.refused())
        pretty.register_uri("GET", URL + "unknown", fault=pretty.faults.dns_failure())
        for options in ({}, {"trace_configs": [aiohttp.TraceConfig()]}):
            for url in ADDRESSES:
                assert await ask(url, **options) == "here"
            async with aiohttp.ClientSession(**options) as session, session.post(URL, data=bytes(99_999)) as response:
                assert await response.read() == bytes(99_999)
            for path in ("refused", "unknown"):
                with pytest.raises(aiohttp.ClientConnectorError):
                    await ask(URL + path, **options)
            # the report looks for servers of this process
            for url in (URL, "http://127.0.0.1:9/", "http://localhost/"):
                with pytest.raises(pretty.NoMatchError):
                    await ask(url + "none", **options)
        pretty.unmatched.clear()
        with pytest.raises(BaseException, match="^A test tried to use socket"):
            socket.socket()
"""


def test_sockets_are_disabled(play):
    """pytest-socket forbids sockets, but for those of an event loop's own; nothing that is mocked needs one."""
    result = play(
        EVERYTHING
        + """
    @pytest.mark.aiohttpretty
    async def test_by_the_option():
        await everything()

    async def test_by_the_fixture_behind_ours(aiohttpretty, socket_disabled):
        await everything()

    async def test_by_the_fixture_before_ours(socket_disabled, aiohttpretty):
        await everything()

    @pytest.mark.allow_hosts(["127.0.0.1"])
    async def test_some_hosts_are_allowed(aiohttpretty, aiohttp_server):
        async def real(request):
            return web.Response(text="real")

        app = web.Application()
        app.router.add_get("/", real)
        server = await aiohttp_server(app)
        aiohttpretty.register_uri("GET", URL, body="mocked")
        assert await ask() == "mocked"
        assert await ask(server.make_url("/")) == "real"
        """,
        ["pytest_socket", "pytest_aiohttp.plugin"],
        "--disable-socket",
        "--allow-unix-socket",
    )
    result.assert_outcomes(passed=4)


def test_together(play):
    """pytest-randomly, -repeat, -rerunfailures, -cov and -xdist, all at once: each run begins with nothing."""
    result = play(
        TESTS
        + """
    COUNT = []

    @pytest.mark.flaky(reruns=2)
    async def test_flaky(aiohttpretty):
        assert not aiohttpretty.calls and not aiohttpretty.registry
        aiohttpretty.register_uri("GET", URL, body="flaky")
        assert await ask() == "flaky"
        COUNT.append(1)
        if len(COUNT) < 3:
            await ask(URL + "none")
    """,
        ["randomly", "repeat", "rerunfailures", "pytest_cov", "xdist"],
        "--randomly-seed=7", "-n1", "--count=2", "--cov=aiohttpretty", "--cov-report=",
    )  # fmt: skip
    assert result.ret == 0
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["rerun"]) == (10, 2)


def test_anyio(play):
    """anyio's plug-in runs the tests where pytest-asyncio is strict: task groups, cancel scopes, threads, fixtures."""
    result = play(
        TESTS
        + """
    import anyio
    import anyio.from_thread
    import anyio.to_thread

    pytestmark = pytest.mark.anyio

    @pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
    def anyio_backend(request):
        return "asyncio", {"use_uvloop": request.param}

    @pytest.fixture
    async def session():
        async with aiohttp.ClientSession() as session:
            yield session

    async def test_a_fixture_with_a_session(session, aiohttpretty):
        aiohttpretty.register_uri("GET", URL, body="here")
        async with session.get(URL) as response:
            assert await response.text() == "here"

    async def test_cancel_scopes(aiohttpretty):
        async def shielded(request):
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0)
            return web.Response(text="here")

        aiohttpretty.register_uri("GET", URL, fault=pretty.faults.stall())
        aiohttpretty.register_uri("GET", URL + "late", delay=60)
        aiohttpretty.register_uri("GET", URL + "shielded", handler=shielded)
        for path in ("", "late"):
            with anyio.move_on_after(0.01) as scope:
                await ask(URL + path)
            assert scope.cancelled_caught
            with pytest.raises(TimeoutError):
                with anyio.fail_after(0.01):
                    await ask(URL + path)
        assert await ask(URL + "shielded") == "here"

    async def test_task_groups(aiohttpretty):
        said = []

        async def one():
            said.append(await ask())

        aiohttpretty.register_uri("GET", URL, body="here")
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)
        assert said == ["here"] * 20

    async def test_a_group_whose_request_fails(aiohttpretty):
        aiohttpretty.register_uri("GET", URL, body=asyncio.StreamReader())
        with pytest.raises(BaseException) as caught:
            async with anyio.create_task_group() as group:
                group.start_soon(ask)
                while not aiohttpretty.calls:
                    await anyio.sleep(0)
                group.start_soon(ask, URL + "none")
        assert [type(error) for error in caught.value.exceptions] == [pretty.NoMatchError]
        aiohttpretty.unmatched.clear()

    async def test_a_group_that_goes_on_for_too_long():
        pretty.clear()
        with pytest.raises(BaseException) as caught:
            async with anyio.create_task_group() as group:
                with pretty.activate():
                    pretty.register_uri("GET", URL, body=asyncio.StreamReader())
                    group.start_soon(ask)
                    while not pretty.calls:
                        await anyio.sleep(0)
        assert [type(error) for error in caught.value.exceptions] == [pretty.DeactivatedError]
        pretty.clear()
        assert as_before()

    async def test_threads(aiohttpretty):
        def with_a_portal():
            with anyio.from_thread.start_blocking_portal() as portal:
                return portal.call(ask)

        aiohttpretty.register_uri("GET", URL, body="here")
        assert await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(ask)) == "here"
        assert await anyio.to_thread.run_sync(with_a_portal) == "here"
    """,
        ["anyio.pytest_plugin"],
        mode="strict",
    )
    result.assert_outcomes(passed=20)
