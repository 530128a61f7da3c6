using System.Buffers;
using System.Collections.Immutable;
using System.Text;

using Cairn.Execution;
using Cairn.Testing;

namespace Cairn.Tests.Execution;

/// <summary>A host with a folder of its own, in either containment.</summary>
internal sealed class HostFixture : IAsyncDisposable
{
    public static readonly ImmutableArray<KeyValuePair<string, string>> Environment =
        [new("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")];

    public HostFixture(bool pidNamespace = true) => Host = ProcessHost.Start(new ProcessHostOptions
    {
        RunToken = $"test-{Guid.NewGuid():N}",
        PidNamespace = pidNamespace,
    });

    public ProcessHost Host { get; }

    public TemporaryFolder Folder { get; } = new();

    public ProcessSpec Command(params ImmutableArray<string> arguments) => new()
    {
        Arguments = arguments,
        Environment = Environment,
        WorkingDirectory = Folder.Path,
        LogPath = Folder["log"],
        IndexPath = Folder["index"],
    };

    public ProcessSpec Script(string script) => Command("/bin/sh", "-c", script);

    public RunningProcess Start(string script, IOutputSink? sink = null) => Host.Start(Script(script), sink);

    public Task<ProcessResult> RunAsync(string script) => RunAsync(Script(script));

    public Task<ProcessResult> RunAsync(ProcessSpec spec, IOutputSink? sink = null) =>
        Eventually.EndsAsync(Host.Start(spec, sink).Completion, TestContext.Current.CancellationToken);

    public static Task<ProcessResult> EndOfAsync(RunningProcess process) =>
        Eventually.EndsAsync(process.Completion, TestContext.Current.CancellationToken);

    public string Log() => File.Exists(Folder["log"]) ? File.ReadAllText(Folder["log"]) : "";

    public List<LogIndexRecord> Index()
    {
        var records = new List<LogIndexRecord>();
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(Folder["index"]);
        var reader = new LogIndexReader();
        while (reader.TryRead(ref bytes, out var record))
        {
            records.Add(record);
        }

        Assert.True(bytes.IsEmpty);
        Assert.False(reader.IsCorrupt);
        return records;
    }

    /// <summary>
    /// Makes a FIFO `hold`; the task ends with what was written to it when the last process that has it open for writing is gone.
    /// </summary>
    public async Task<Task<string>> HoldAsync()
    {
        Assert.Equal(0, (await RunAsync("mkfifo hold ready")).ExitCode);
        return Eventually.EndsAsync(
            Task.Run(() => File.ReadAllText(Folder["hold"]), TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        Folder.Dispose();
    }
}

/// <summary>Keeps what it is given and lets tests wait for text.</summary>
internal sealed class RecordingSink : IOutputSink
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public string Text
    {
        get
        {
            lock (_bytes)
            {
                return Encoding.UTF8.GetString(_bytes.WrittenSpan);
            }
        }
    }

    public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes)
    {
        lock (_bytes)
        {
            _bytes.Write(redactedBytes);
        }
    }

    public Task HasAsync(string text) => Eventually.HoldsAsync(
        () => Text.Contains(text, StringComparison.Ordinal), $"output has `{text}`", TestContext.Current.CancellationToken);
}
