namespace Cairn.EndToEnd.Toolchains;

/// <summary>Programs of others, built from their own sources by a toolchain, with nothing of the machine.</summary>
public sealed class ToolchainSourcesTests(SharedCache cache)
{
    // What the machine has, since the test needs it, and the toolchain has not: a step that sees it sees the machine.
    private const string OfTheMachine = "/usr/bin/apt-get";

    [Fact]
    public async Task Sources_AreBuilt_WhileTheMachinesCompilersAreOutOfSight()
    {
        using var project = cache.Project(TimeSpan.FromMinutes(5));
        var archives = await DebianSources.FetchAsync(project, Path.Combine(Path.GetDirectoryName(project.Folder)!, "sources"), "hello", "zlib", "lua5.4");
        foreach (var (archive, name) in archives.Zip((string[])["hello", "zlib", "lua"]))
        {
            File.Copy(archive, Path.Combine(project.Folder, $"{name}.tar"));
        }

        project.Write(
            "cairn.yaml",
            $$"""
            version: 1
            name: sources
            toolchains:
              cc: { debian: bookworm, packages: [gcc, libc6-dev, make, bzip2] }
            defaults: { toolchain: cc, network: none, strict: true }
            steps:
              machine:
                toolchain: host
                run: test -e {{OfTheMachine}}
                inputs: []
              sight:
                run: |
                  test ! -e {{OfTheMachine}}
                  for name in g++ clang python3 dotnet; do
                    if command -v "$name"; then exit 1; fi
                  done
                  test "$(readlink -f "$(command -v cc)")" = /usr/bin/x86_64-linux-gnu-gcc-12
                inputs: []
              hello:
                run: |
                  mkdir /tmp/build && tar xf hello.tar -C /tmp/build --strip-components=1 && cd /tmp/build
                  ./configure --quiet CFLAGS=-O2
                  make -s && make -s check && make -s install-strip DESTDIR=/work/dist
                  /work/dist/usr/local/bin/hello
                inputs: [hello.tar]
                outputs: [dist/usr/local/**]
              zlib:
                run: |
                  mkdir /tmp/build && tar xf zlib.tar -C /tmp/build --strip-components=1 && cd /tmp/build
                  ./configure --prefix=/usr
                  make -s && make -s test && make -s install DESTDIR=/work/zlib
                inputs: [zlib.tar]
                outputs: [zlib/**]
              lua:
                run: |
                  mkdir /tmp/build && tar xf lua.tar -C /tmp/build --strip-components=1 && cd /tmp/build
                  make -s linux && make -s install INSTALL_TOP=/work/lua
                  /work/lua/bin/lua -e 'print(_VERSION .. ("x"):rep(3) .. 7 // 2)'
                inputs: [lua.tar]
                outputs: [lua/**]
              together:
                needs: [zlib, lua]
                run: |
                  cat > /tmp/both.c <<'END'
                  #include <lauxlib.h>
                  #include <lualib.h>
                  #include <stdio.h>
                  #include <zlib.h>

                  int main(void)
                  {
                      lua_State *state = luaL_newstate();
                      luaL_openlibs(state);
                      int wrong = luaL_dostring(state, "return 6 * 7");
                      printf("%lld %lx\n", (long long)lua_tointeger(state, -1), crc32(0, (const unsigned char *)"sums", 4));
                      return wrong;
                  }
                  END
                  cc -O2 -Izlib/usr/include -Ilua/include -o both /tmp/both.c lua/lib/liblua.a zlib/usr/lib/libz.a -lm -ldl
                  ./both
                inputs: []
                outputs: [both]

            """);

        var locked = await project.CairnAsync("toolchain", "lock");
        Assert.True(locked.ExitCode == 0, locked.ToString());
        var built = await project.CairnAsync("run", "--plain");
        var again = await project.CairnAsync("run", "--plain");
        var trace = await project.CairnAsync("toolchain", "trace", "cc");

        Assert.True(built.ExitCode == 0, built.ToString());
        Assert.Contains("# PASS:  ", built.Output, StringComparison.Ordinal);
        Assert.Contains("[hello] Hello, world!", built.Output, StringComparison.Ordinal);
        Assert.Contains("*** zlib test OK ***", built.Output, StringComparison.Ordinal);
        Assert.Contains("[lua] Lua 5.4xxx3", built.Output, StringComparison.Ordinal);
        Assert.Contains("[together] 42 ", built.Output, StringComparison.Ordinal);
        Assert.Contains("6 of 6 cached, nothing to do", again.Output + again.Error, StringComparison.Ordinal);
        Assert.True(trace.ExitCode == 0, trace.ToString());
    }
}
