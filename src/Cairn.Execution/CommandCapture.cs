using System.Buffers;

namespace Cairn.Execution;

/// <summary>What a short command printed and how it ended.</summary>
/// <param name="Result">How it ended; null where it was given up on.</param>
/// <param name="Output">Standard output, as far as it is within the limit.</param>
/// <param name="Error">Standard error, likewise.</param>
/// <param name="Problem">Why it is of no use, other than its exit code: it could not start, took too long, printed too much. Null otherwise.</param>
public sealed record CapturedOutput(ProcessResult? Result, byte[] Output, byte[] Error, string? Problem)
{
    /// <summary>Whether it exited 0 within its limits.</summary>
    public bool Succeeded => Problem is null && Result is { ExitCode: 0 };
}

/// <summary>Runs a short command and keeps what it prints, for Cairn's own questions: git, secrets, probes.</summary>
public static class CommandCapture
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(1);

    /// <summary>Runs a command to its end.</summary>
    /// <param name="host">Where it runs.</param>
    /// <param name="spec">The command.</param>
    /// <param name="bytesMax">Bytes kept of each stream; more is a problem.</param>
    /// <param name="timeout">After which it is stopped; that is a problem.</param>
    /// <param name="cancellationToken">Stops it and throws.</param>
    public static async Task<CapturedOutput> RunAsync(ProcessHost host, ProcessSpec spec, int bytesMax, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(spec);
        var sink = new Sink(bytesMax);
        var process = host.Start(spec, sink);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        await using var registration = limit.Token.Register(() => process.Stop(StopGrace));
        var result = await process.Completion;
        cancellationToken.ThrowIfCancellationRequested();
        var problem = result.StartError
            ?? (limit.IsCancellationRequested ? $"`{spec.Arguments[0]}` took longer than {timeout.TotalSeconds:0} s" : null)
            ?? (sink.Overflowed ? $"`{spec.Arguments[0]}` printed more than {bytesMax:N0} bytes" : null);
        return new CapturedOutput(result, sink.Output.WrittenSpan.ToArray(), sink.Error.WrittenSpan.ToArray(), problem);
    }

    private sealed class Sink(int bytesMax) : IOutputSink
    {
        public ArrayBufferWriter<byte> Output { get; } = new();

        public ArrayBufferWriter<byte> Error { get; } = new();

        public bool Overflowed { get; private set; }

        public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes)
        {
            var target = stream == OutputStream.Stdout ? Output : Error;
            if (target.WrittenCount + redactedBytes.Length > bytesMax)
            {
                Overflowed = true;
                return;
            }

            target.Write(redactedBytes);
        }
    }
}
