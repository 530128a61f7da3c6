using System.Globalization;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary><c>network: wan</c>, on a machine of the test's own making: beside it stands another, which has an address of the internet and several that are private.</summary>
public sealed class WanTests
{
    private const string Public = "203.0.113.9";

    /// <summary>Runs the rest of its arguments on a machine with one neighbour, its default gateway. The neighbour is also its resolver, by a private address.</summary>
    private const string Machine = """
        set -eu
        here=$1 outside=$2
        shift 2
        mount --make-rprivate /
        mknod "$here/tun" c 10 200 && chmod 666 "$here/tun" && mount --bind "$here/tun" /dev/net/tun
        echo nameserver 192.168.77.2 >"$here/resolver" && mount --bind "$here/resolver" /etc/resolv.conf
        unshare --net sleep 120 </dev/null >/dev/null 2>&1 & neighbour=$!
        until [ "$(readlink "/proc/$neighbour/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do :; done
        ip link add v0 type veth peer name v1 netns "$neighbour"
        ip link set lo up
        ip addr add 198.51.100.1/24 dev v0
        ip addr add 192.168.77.1/24 dev v0
        ip link set v0 up
        nsenter --target "$neighbour" --net sh -eu -c '
          ip link set lo up
          ip addr add 198.51.100.2/24 dev v1
          ip addr add 192.168.77.2/24 dev v1
          for a; do ip addr add "$a/32" dev lo; done
          ip link set v1 up
          ip route add default via 198.51.100.1' sh $outside
        ip route add default via 198.51.100.2
        nsenter --target "$neighbour" --net python3 listen.py neighbour $outside 192.168.77.2 </dev/null & one=$!
        python3 listen.py machine 198.51.100.1 192.168.77.1 127.0.0.1 </dev/null & two=$!
        status=0
        python3 call.py wait $outside 192.168.77.2 198.51.100.1 127.0.0.1 && "$@" || status=$?
        kill "$neighbour" "$one" "$two"
        exit "$status"

        """;

    private const string Listen = """
        import select, signal, socket, sys
        signal.alarm(120)
        who = sys.argv[1]
        tcp, udp, names = {}, {}, None
        for address in sys.argv[2:]:
            tcp[socket.create_server((address, 7000))] = address
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            peer.bind((address, 7001))
            udp[peer] = address
        if who == "neighbour":
            names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            names.bind(("192.168.77.2", 53))
        while True:
            for ready in select.select([*tcp, *udp, *([names] if names else [])], [], [])[0]:
                if ready in tcp:
                    peer, _ = ready.accept()
                    peer.sendall(who.encode())
                    peer.close()
                elif ready in udp:
                    text, peer = ready.recvfrom(100)
                    print("datagram for", udp[ready], text.decode(), flush=True)
                    ready.sendto(who.encode(), peer)
                else:
                    question, peer = ready.recvfrom(512)
                    end = question.index(0, 12) + 5
                    found = question[end - 4:end - 2] == b"\0\1"
                    answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton("203.0.113.9") if found else b""
                    ready.sendto(question[:2] + b"\x81\x80\0\1\0" + bytes([found]) + b"\0\0\0\0" + question[12:end] + answer, peer)

        """;

    /// <summary>Calls every address in every way that an ordinary process has, all at once.</summary>
    private const string Call = """
        import socket, struct, sys, threading, time
        BINDTODEVICE, UNICAST_IF, PKTINFO = 25, 50, 8
        def tcp(address, prepare=None):
            peer = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            peer.settimeout(5)
            if prepare: prepare(peer)
            peer.connect((address, 7000))
            return peer.recv(100).decode()
        def udp(address, prepare=None, more=[]):
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            peer.settimeout(5)
            if prepare: prepare(peer)
            peer.sendmsg([b"hello"], more, 0, (address, 7001))
            return peer.recv(100).decode()
        def bound(peer): peer.setsockopt(socket.SOL_SOCKET, BINDTODEVICE, b"tap0\0")
        def through(peer): peer.setsockopt(socket.IPPROTO_IP, UNICAST_IF, struct.pack("!I", socket.if_nametoindex("tap0")))
        def informed(): return [(socket.IPPROTO_IP, PKTINFO, struct.pack("i4s4s", socket.if_nametoindex("tap0"), b"", b""))]
        ways = {
            "tcp": tcp, "udp": udp, "mapped": lambda a: tcp("::ffff:" + a),
            "bound tcp": lambda a: tcp(a, bound), "bound udp": lambda a: udp(a, bound),
            "device tcp": lambda a: tcp(a, through), "device udp": lambda a: udp(a, through), "informed udp": lambda a: udp(a, None, informed()),
        }
        def attempt(way, address):
            try: print(address, "by", way, "says", ways[way](address), flush=True)
            except OSError as error: print(address, "by", way, "is not there:", error, flush=True)
        if sys.argv[1] == "wait":
            for address in sys.argv[2:]:
                for _ in range(1000):
                    try: print("control", address, tcp(address), flush=True); break
                    except ConnectionRefusedError: time.sleep(0.01)
                else: sys.exit(address + " does not listen")
        else:
            calls = [threading.Thread(target=attempt, args=[way, address]) for address in sys.argv[1:] for way in ways]
            for call in calls: call.start()
            for call in calls: call.join()

        """;

    private static readonly string[] Private = ["10.1.2.3", "172.16.5.5", "100.64.1.1", "169.254.169.254", "198.18.0.1", "192.168.77.2", "198.51.100.1", "192.168.77.1", "127.0.0.1", "10.0.2.2", "10.0.2.3", "10.0.2.77"];

    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task The_Internet_Is_Reached_But_Neither_The_Machine_Nor_Private_Networks(bool asUser)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make a machine to reach out from");
        using var project = HostileProject.Of(asUser, $$"""
              wide:
                network: wan
                inputs: ["*.py"]
                run: |
                  python3 call.py {{Public}} {{string.Join(' ', Private)}}
                  python3 -c 'import socket; print("resolved", socket.gethostbyname("name.of.a.machine"))'
                  grep -q 1 /proc/net/if_inet6 && python3 -c 'import socket; socket.create_connection(("2001:db8::1", 7000), timeout=5)' 2>&1 | tail -n 1
              served:
                network: wan
                inputs: ["*.py"]
                services: [near]
                run: python3 call.py near {{Public}} 192.168.77.2
            services:
              near: { run: "exec python3 listen.py near 127.0.0.1", ready: { tcp: 7000 } }

            """);
        project.Project.Write("machine.sh", Machine);
        project.Project.Write("listen.py", Listen);
        project.Project.Write("call.py", Call);

        var result = await project.Command("run", "--plain").Under("unshare", "--mount", "--net", "sh", "machine.sh", project.Outside, $"{Public} 10.1.2.3 172.16.5.5 100.64.1.1 169.254.169.254 198.18.0.1 10.0.2.77").RunAsync(TestContext.Current.CancellationToken);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.All((string[])["10.1.2.3", "169.254.169.254", "192.168.77.2"], address => Assert.Contains($"control {address} neighbour", result.Output, StringComparison.Ordinal));
        Assert.All((string[])["tcp", "udp", "mapped"], way => Assert.Contains($"[wide] {Public} by {way} says neighbour", result.Output, StringComparison.Ordinal));
        Assert.All(Private, address => Assert.DoesNotMatch($@"\[wide\] {address.Replace(".", @"\.", StringComparison.Ordinal)} by .* says", result.Output));
        Assert.DoesNotMatch($@"datagram for (?!{Public.Replace(".", @"\.", StringComparison.Ordinal)} )(?!127)", result.Output);
        Assert.Contains($"[wide] resolved {Public}", result.Output, StringComparison.Ordinal);
        Assert.Contains("[served] near by tcp says near", result.Output, StringComparison.Ordinal);
        Assert.Contains($"[served] {Public} by tcp says neighbour", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("[served] 192.168.77.2 by tcp says", result.Output, StringComparison.Ordinal);
        project.AssertNothingLeft();
    }

    [Fact]
    public async Task Nothing_Of_The_Way_Out_Survives_A_Run_That_Is_Killed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "An ordinary user may not open the device");
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = HostileProject.Of(asUser: false, "  hold: { inputs: [], network: wan, run: \"echo up; sleep 60\" }\n");
        await using var run = project.Command("run", "--plain").Start();
        await run.WaitForAsync("[hold] up", cancellationToken);
        var programs = Descendants(run.Id, "slirp4netns");
        Assert.NotEmpty(programs);

        run.Signal(PosixSignalNumber.Kill);
        await run.WaitAsync(cancellationToken);

        await Wait.UntilAsync(() => !programs.Exists(static p => Directory.Exists($"/proc/{p}")), () => "the end of slirp4netns", TimeSpan.FromSeconds(20), cancellationToken);
    }

    [Theory, MemberData(nameof(Users))]
    public async Task A_Machine_Without_A_Way_Says_So_Before_The_Run(bool asUser)
    {
        using var project = HostileProject.Of(asUser, "  wide: { inputs: [], network: wan, run: echo wide }\n");
        var command = project.Command("run", "--plain");
        if (Environment.IsPrivilegedProcess)
        {
            command = command.Under("unshare", "--mount", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs none /dev/net && exec \"$@\"", "sh");
        }

        var result = await command.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("error[CAIRN0582]: `wide` has `network: wan`, which this machine cannot give: it needs the ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("[wide]", result.Output, StringComparison.Ordinal);
    }

    private static List<string> Descendants(int ancestor, string name)
    {
        var parents = new Dictionary<string, (string Parent, string Name)>(StringComparer.Ordinal);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (char.IsAsciiDigit(Path.GetFileName(folder)[0]))
                {
                    var lines = File.ReadAllLines(Path.Combine(folder, "status"));
                    parents[Path.GetFileName(folder)] = (lines.First(static l => l.StartsWith("PPid:", StringComparison.Ordinal))[5..].Trim(), lines[0][5..].Trim());
                }
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        var root = ancestor.ToString(CultureInfo.InvariantCulture);
        return [.. parents.Where(p => p.Value.Name == name && IsBelow(p.Key)).Select(static p => p.Key)];

        bool IsBelow(string process)
        {
            while (parents.TryGetValue(process, out var known))
            {
                if (process == root)
                {
                    return true;
                }

                process = known.Parent;
            }

            return false;
        }
    }
}
