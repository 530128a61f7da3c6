using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Steps that reach for the machine: its files, its network, its processes, its kernel.</summary>
public sealed class HostileReachTests
{
    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task Files_Keys_And_Environment_Of_The_Host_Are_Not_To_Be_Read(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              spy:
                inputs: [known.txt, places.txt]
                run: |
                  set +eu
                  w="$(cat known.txt)"; found=0
                  look() { if grep -qsaF "$w" "$@"; then found=1; echo "found in $*"; fi; }
                  for p in $(cat places.txt); do look "$p"; for r in /proc/[0-9]*/r??t /proc/[0-9]*/cwd/..; do look "$r$p"; done; done
                  for e in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do look "$e"; done
                  for m in $(cut -d' ' -f2 /proc/mounts; cut -d' ' -f5 /proc/self/mountinfo); do case $m in /proc*|/usr*|/dev*) ;; *) grep -rqsaF "$w" "$m" --exclude=known.txt --exclude-dir=proc --exclude-dir=usr --exclude-dir=sys && { found=1; echo "found below $m"; };; esac; done
                  for f in /proc/[0-9]*/fd/* /proc/[0-9]*/cwd/../* /proc/[0-9]*/r??t/home/*; do [ -f "$f" ] && look "$f"; done
                  env | grep -qF "$w" && found=1
                  [ -r /etc/shadow ] && echo "shadow is there"
                  ls -d ~root/.* /home/* /sys/kernel 2>/dev/null
                  echo "found=$found"

            """);
        hostile.Project.Write("undeclared.txt", hostile.Canary);
        hostile.Project.Write("known.txt", hostile.Canary[7..]);
        hostile.Project.Write("places.txt", string.Join('\n', hostile.Project.Folder + "/undeclared.txt", hostile.Outside + "/key", hostile.Outside + "/home/.netrc", "/etc/shadow"));
        await File.WriteAllTextAsync(Path.Combine(hostile.Outside, "key"), hostile.Canary, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(hostile.Outside, "home/.netrc"), hostile.Canary, TestContext.Current.CancellationToken);

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("[spy] found=0", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("found in", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("found below", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("shadow is there", result.Output, StringComparison.Ordinal);
        // What some shells take `.*` for is the sandbox's own root.
        Assert.DoesNotMatch(@"(?m)^\[spy\] /(?!home/cairn$|/\.{1,2}$)", result.Output);
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Writes_Outside_Reach_Nothing(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              vandal:
                inputs: [place.txt]
                run: |
                  set +eu
                  p="$(cat place.txt)"
                  for f in /usr/cairn-hostile /usr/bin/cairn-hostile /etc/cairn-hostile "$p/written" "/proc/1/root$p/written" "/proc/1/cwd/written" /dev/cairn-hostile /boot/cairn-hostile /var/tmp/cairn-hostile /tmp/cairn-hostile; do
                    mkdir -p "$(dirname "$f")" 2>/dev/null; echo x 2>/dev/null >"$f"
                  done
                  rm -rf /usr/share /etc/passwd "$p" 2>/dev/null
                  [ -e /usr/cairn-hostile ] && echo "wrote /usr"
                  mount -o remount,rw /usr 2>/dev/null && echo "remounted"
                  echo tried

            """);
        hostile.Project.Write("place.txt", hostile.Outside);

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("[vandal] tried", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("wrote /usr", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("remounted", result.Output, StringComparison.Ordinal);
        foreach (var path in (string[])["/usr/cairn-hostile", "/usr/bin/cairn-hostile", "/etc/cairn-hostile", "/dev/cairn-hostile", "/boot/cairn-hostile", "/var/tmp/cairn-hostile", "/tmp/cairn-hostile", Path.Combine(hostile.Outside, "written"), Path.Combine(hostile.Project.Folder, "written")])
        {
            Assert.False(File.Exists(path), path);
        }

        Assert.True(File.Exists("/etc/passwd") && Directory.Exists("/usr/share/doc"));
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Network_Loopback_And_Sockets_Of_The_Host_Are_Not_To_Be_Reached(bool asUser)
    {
        var name = $"cairn-hostile-{Guid.NewGuid():N}";
        using var tcp = new TcpListener(IPAddress.Any, 0);
        tcp.Start();
        using var hidden = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hidden.Bind(new UnixDomainSocketEndPoint("\0" + name));
        hidden.Listen();
        var addresses = NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address).Where(a => a.AddressFamily == AddressFamily.InterNetwork).Select(a => a.ToString()).ToList();
        using var hostile = HostileProject.Of(asUser, $"  call: {{ inputs: [call], command: [./call, \"{((IPEndPoint)tcp.LocalEndpoint).Port}\", {name}, {string.Join(", ", addresses.Append("1.1.1.1"))}] }}\n");
        await hostile.CompileAsync("call", HostilePrograms.Call);

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.DoesNotContain("reached", result.Output, StringComparison.Ordinal);
        Assert.Contains("[call] own loopback works", result.Output, StringComparison.Ordinal);
        Assert.False(tcp.Pending() || hidden.Poll(0, SelectMode.SelectRead), "nobody called");
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Other_Processes_Are_Neither_Seen_Nor_Signalled_Nor_Traced(bool asUser)
    {
        var marker = $"86{Random.Shared.Next(10_000_000, 99_999_999)}";
        using var hostile = HostileProject.Of(asUser, """
              hunt:
                inputs: [victim.txt, trace]
                run: |
                  set +eu
                  v="$(cat victim.txt)"
                  for p in /proc/[0-9]*/cmdline; do tr '\0' ' ' <"$p" | grep -q '^sleep 86' && echo "saw $p"; done
                  kill -9 "$v" 2>/dev/null && echo signalled; kill -9 -1 2>/dev/null
                  ./trace "$v"
                  echo "processes: $(ls -d /proc/[0-9]* | wc -l)"

            """);
        await using var victim = new Tool("sleep", marker).Under("setpriv", asUser && Environment.IsPrivilegedProcess ? ["--reuid", "1234", "--regid", "1234", "--clear-groups"] : ["--"]).Start();
        await Wait.UntilAsync(() => HostileProject.Processes($"sleep\0{marker}").Exists(static p => p.StartsWith("sleep", StringComparison.Ordinal)), () => "the victim", TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        var id = Directory.EnumerateDirectories("/proc").First(p => File.Exists(p + "/cmdline") && Text(p + "/cmdline").StartsWith($"sleep\0{marker}", StringComparison.Ordinal))[6..];
        hostile.Project.Write("victim.txt", id);
        await hostile.CompileAsync("trace", HostilePrograms.Trace);

        var result = await hostile.RunAsync();

        Assert.DoesNotContain("saw", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("signalled", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("traced", result.Output, StringComparison.Ordinal);
        Assert.NotEmpty(HostileProject.Processes($"sleep\0{marker}"));
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Settings_Of_The_Kernel_Are_Not_To_Be_Written(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              tune:
                inputs: [tune]
                run: |
                  set +eu
                  ./tune
                  ls -A /sys 2>/dev/null | head -n 3
                  for f in core_pattern pid_max msgmax; do echo 4321 2>/dev/null >/proc/sys/kernel/$f; done
                  echo 17 2>/dev/null >/proc/sys/fs/mqueue/msg_max
                  mount -t sysfs sysfs /tmp 2>/dev/null && echo "mounted sysfs"
                  echo tried

            """);
        await hostile.CompileAsync("tune", HostilePrograms.Tune);
        static string Settings() => string.Concat(new[] { "kernel/core_pattern", "kernel/pid_max", "kernel/msgmax", "fs/mqueue/msg_max" }.Select(static f => Text($"/proc/sys/{f}")));
        var before = Settings();

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("[tune] tried", result.Output, StringComparison.Ordinal);
        // What belongs to a namespace of the sandbox's own is its own.
        Assert.DoesNotMatch(@"opened (?!/proc/sys/(net/|fs/mqueue/|kernel/(msg|sem|shm|auto_msgmni|ns_last_pid|pid_max)|user/))", result.Output);
        Assert.DoesNotContain("mounted", result.Output, StringComparison.Ordinal);
        Assert.Equal(before, Settings());
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Ways_Out_Of_The_Sandbox_Are_Closed(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              escape:
                inputs: [escape]
                run: |
                  set +eu
                  ./escape
                  for f in --user --mount --net --pid --ipc --uts --cgroup; do unshare "$f" true 2>/dev/null && echo "got unshare $f"; done
                  unshare --user --map-root-user mount --make-rshared / 2>/dev/null && echo "got propagation"
                  mount --make-rshared / 2>/dev/null && echo "got propagation"
                  nsenter --mount=/proc/1/ns/mnt true 2>/dev/null && echo "got nsenter"
                  for s in /proc/[0-9]*/status; do
                    grep -qE '^Cap(Eff|Prm|Inh|Amb):.*[1-9a-f]' $s && echo "got capabilities by $s"
                    grep -q '^NoNewPrivs:.*1' $s || echo "got privileges by $s"
                    grep -q '^Seccomp:.*2' $s || echo "got no filter by $s"
                  done
                  grep -E ' (shared|master):' /proc/self/mountinfo | grep -q ' shared:' && echo "got shared mounts"
                  ls -l /proc/1/fd /proc/self/fd | grep -vE ' -> (/dev/null|pipe:|/proc/|anon_inode:.eventfd)' | grep -q ' -> ' && { echo "got descriptors"; ls -l /proc/1/fd /proc/self/fd; }
                  echo tried

            """);
        await hostile.CompileAsync("escape", HostilePrograms.Escape);

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("[escape] tried", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("got ", result.Output, StringComparison.Ordinal);
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Preloaded_Library_Reaches_The_Step_And_Not_Bubblewrap(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              preload:
                inputs: [evil.so]
                env: { LD_PRELOAD: /work/evil.so, LD_LIBRARY_PATH: /work, LD_AUDIT: /work/evil.so, GLIBC_TUNABLES: glibc.malloc.check=3 }
                command: [cat, /proc/1/environ]

            """);
        await hostile.CompileAsync("evil.so", HostilePrograms.Preloaded, "-shared", "-fPIC");

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("loaded into cat", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("loaded into bwrap", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("LD_", result.Output, StringComparison.Ordinal);
        hostile.AssertNothingLeft();
    }

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
