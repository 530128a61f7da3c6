using System.Globalization;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Programs that a person starts in sandboxes: how they end, and what passes through their terminal.</summary>
public sealed class SessionTests
{
    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task Program_Of_Exec_Ends_With_Cairn_However_That_Ends(bool asUser)
    {
        var marker = Random.Shared.Next(10_000_000, 99_999_999).ToString(CultureInfo.InvariantCulture);
        using var hostile = HostileProject.Of(asUser, "  any: { inputs: [], run: echo any }\n");
        await using (var exec = hostile.Command("exec", "any", "--", "sleep", marker).Start())
        {
            await Wait.UntilAsync(() => Sleeps(marker), () => $"the program\n{exec.Output}{exec.Error}", TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

            exec.Signal(PosixSignalNumber.Kill);

            await Wait.UntilAsync(() => !Sleeps(marker), () => "the end of the program", TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }

        await Wait.UntilAsync(() => HostileProject.Processes(hostile.Outside).Count == 0, () => "the end of its sandbox", TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Much_That_Is_Pasted_Into_A_Program_That_Answers_Arrives(bool asUser)
    {
        // A terminal of its own, into which everything is written before anything is read from it again but what its program says. Without echo: a
        // kernel that has much to echo drops some of it.
        const string Paste = """
            import os, pty, sys, threading
            pid, terminal = pty.fork()
            if pid == 0:
                os.execvp(sys.argv[1], sys.argv[1:])
            def paste():
                for i in range(6000):
                    os.write(terminal, b"line %04d of a text that is long enough to fill what a terminal holds\n" % i)
                os.write(terminal, b"\x04")
            seen = b""
            writer = threading.Thread(target=paste, daemon=True)
            while True:
                try:
                    part = os.read(terminal, 65536)
                except OSError:
                    break
                seen += part
                if not writer.is_alive() and b"ready" in seen and writer.ident is None:
                    writer.start()
            print(seen.count(b" of a text "), seen.count(b"line 5999"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """;
        using var hostile = HostileProject.Of(asUser, "  any: { inputs: [], run: echo any }\n");
        hostile.Project.Write("paste.py", Paste);
        var exec = hostile.Command("exec", "any", "--", "sh", "-c", "stty -echo; echo ready; exec cat");
        var at = exec.Arguments.IndexOf(CairnBinary.Path);
        var pasting = at < 0 ? exec.Under("python3", "paste.py") : exec with { Arguments = [.. exec.Arguments[..at], "python3", "paste.py", .. exec.Arguments[at..]] };

        var result = await pasting.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("6000 1 0\n", result.Output);
    }

    private static bool Sleeps(string marker) => HostileProject.Processes(marker).Exists(p => p == $"sleep {marker} ");
}
