using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Store.Log;
using Cairn.Testing;
using Cairn.Trust.Log;

namespace Cairn.Tests.Log;

/// <summary>Processes that write a log are killed: at each call of the kernel that matters, and at any time. What they were told was appended is there, fsck finds nothing, and the next one goes on.</summary>
public sealed class LogFaultTests : IDisposable
{
    private static readonly string[] Calls = ["openat", "pwrite64", "ftruncate", "rename", "renameat", "mkdir", "unlink", "rmdir", "fsync", "flock", "chmod", "fchmod"];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string DriverPath => Path.Combine(AppContext.BaseDirectory, "Cairn.StoreDriver");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AKill_AtEveryCall_LosesNothingThatWasAnswered()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is missing");
        var trace = _folder["trace"];
        var dry = await Trace("dry", "-o", trace, "-e", $"trace={string.Join(',', Calls)}");
        Assert.SkipWhen(dry.Error.Contains("ptrace", StringComparison.Ordinal), "This machine permits no tracing");
        Assert.True(dry.ExitCode == 0, dry.ToString());
        var killed = 0;
        await Parallel.ForEachAsync(Moments(await File.ReadAllLinesAsync(trace, Cancellation)), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = Cancellation }, async (moment, _) =>
        {
            var name = $"{moment.Call}-{moment.Number}";
            var result = await Trace(name, "-o", "/dev/null", "-e", $"trace={moment.Call}", "-e", $"inject={moment.Call}:signal=SIGKILL:when={moment.Number}");
            if (result.ExitCode != 0)
            {
                Interlocked.Increment(ref killed);
                AssertKept(_folder[name], result.Output);
            }
        });

        Assert.InRange(killed, 20, int.MaxValue);
    }

    [Fact]
    public async Task AKill_AtAnyTime_OfOneOfTwoProcesses_LosesNothingThatWasAnswered()
    {
        var log = _folder["log"];
        var answered = new StringBuilder();
        for (var round = 0; round < 6; round++)
        {
            await using var first = Driver("log-on", log, string.Create(CultureInfo.InvariantCulture, $"{round * 1_000_000}")).Start();
            await using var second = Driver("log-on", log, string.Create(CultureInfo.InvariantCulture, $"{(round * 1_000_000) + 500_000}")).Start();

            // A different number of answers each time, so that the kill meets them at different places.
            await first.WaitForAsync(string.Create(CultureInfo.InvariantCulture, $"{(round * 1_000_000) + 1 + (7 * round)} "), Cancellation);
            first.Signal(PosixSignalNumber.Kill);
            second.Signal(PosixSignalNumber.Kill);
            answered.Append((await first.WaitAsync(Cancellation)).Output).Append((await second.WaitAsync(Cancellation)).Output);
            AssertKept(log, answered.ToString());
        }
    }

    /// <summary>What was answered is there; what was not may be. The log is sound before the next one writes, as far as it was published, and after.</summary>
    private static void AssertKept(string folder, string output)
    {
        using var log = LogFolder.Open(folder, new LogKeys(folder + "-keys"), TimeProvider.System);
        if (log.Exists)
        {
            var before = LogFsck.Check(folder, [], isCopy: false, Cancellation);
            Assert.True(before.Findings.All(static f => f.IsMendable), string.Join('\n', before.Findings));
        }

        _ = log.AppendLeaves(["the next one"u8.ToArray()], Cancellation);
        var report = LogFsck.Check(folder, [], isCopy: false, Cancellation);
        Assert.True(report.Findings.IsEmpty && report.Pending == 0, string.Join('\n', report.Findings));
        foreach (var line in output.Split('\n')[..^1])
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var (leaf, index) = (int.Parse(line.AsSpan(0, space), CultureInfo.InvariantCulture), long.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture));
            var bytes = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"driven leaf {leaf}"));
            Assert.Equal(bytes, log.ReadLeaf(index, report.Checkpoint!.Size));
            Assert.Equal(index, log.Find(MerkleHash.Leaf(bytes), report.Checkpoint.Size));
        }
    }

    private Task<ToolResult> Trace(string name, params string[] options) =>
        new Tool("/usr/bin/strace", ["-f", "-qq", "-a", "1", .. options, DriverPath, "log", _folder[name]]) { Environment = DriverEnvironment(), Timeout = TimeSpan.FromMinutes(2) }.RunAsync(Cancellation);

    private static Tool Driver(params ImmutableArray<string> arguments) => new(DriverPath, arguments) { Environment = DriverEnvironment(), Timeout = TimeSpan.FromMinutes(2) };

    private static ImmutableDictionary<string, string> DriverEnvironment()
    {
        var environment = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var name in (string[])["PATH", "HOME", "DOTNET_ROOT", "TMPDIR"])
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }

        environment["DOTNET_TieredCompilation"] = "0";
        return environment.ToImmutable();
    }

    /// <summary>Which call to cut off: those behind the marker, of each kind the first ones, the last ones, and some between.</summary>
    private static IEnumerable<(string Call, int Number)> Moments(string[] trace)
    {
        var (counts, begun, found) = (new Dictionary<string, int>(StringComparer.Ordinal), false, new List<(string Call, int Number)>());
        string? main = null;
        foreach (var line in trace)
        {
            // `1234  openat(…`, counted for each thread by itself: those of the first one are the same each time.
            var words = line.Split((char[])[' ', '('], 3, StringSplitOptions.RemoveEmptyEntries);
            main ??= words[0];
            if (words[0] == main && words.Length == 3 && Calls.Contains(words[1], StringComparer.Ordinal))
            {
                counts[words[1]] = counts.GetValueOrDefault(words[1]) + 1;
                begun |= line.Contains("/cairn-store-driver-begins", StringComparison.Ordinal);
                if (begun)
                {
                    found.Add((words[1], counts[words[1]]));
                }
            }
        }

        return found.GroupBy(static m => m.Call, StringComparer.Ordinal).SelectMany(static g => g.Select(static (m, i) => (m, i)).Where(x => x.i < 4 || x.i % 9 == 0 || x.i > g.Count() - 4).Select(static x => x.m));
    }
}
