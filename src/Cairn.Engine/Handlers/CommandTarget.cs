using System.Buffers;
using System.Globalization;
using System.Text;

using Cairn.Engine.Preparation;
using Cairn.Execution;
using Cairn.Store.Files;

namespace Cairn.Engine.Handlers;

/// <summary>Runs a program for each message, which is its standard input. What it prints goes to a log of its own, beside the handler's state.</summary>
/// <param name="settings">The handler.</param>
/// <param name="host">Where it runs.</param>
/// <param name="folder">The handler's folder in the state, in which it runs.</param>
/// <param name="time">The clock of its timeout.</param>
internal sealed class CommandTarget(HandlerSettings.Command settings, ProcessHost host, string folder, TimeProvider time) : IHandlerTarget
{
    // As steps have it, from sysexits.h: try again later.
    private const int TemporaryFailure = 75;

    private readonly RotatingFile _log = new(LogPath(folder), Path.Combine(folder, "log.lock"), HandlerLimits.CommandLogBytesMax, keep: 1);

    /// <summary>The log of a handler's commands.</summary>
    public static string LogPath(string folder) => Path.Combine(folder, "log");

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> DeliverAsync(IReadOnlyList<HandlerMessage> messages, CancellationToken cancellationToken)
    {
        var message = messages[0];
        var input = Path.Combine(folder, $"input-{message.Id}");
        try
        {
            DurableFile.Replace(input, message.Body.Span, durable: false, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return await RunAsync(message, input, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new DeliveryOutcome.Failed($"`{folder}` cannot be written");
        }
        finally
        {
            File.Delete(input);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private async Task<DeliveryOutcome> RunAsync(HandlerMessage message, string input, CancellationToken cancellationToken)
    {
        var printed = new Sink();
        var process = host.Start(
            new ProcessSpec
            {
                Arguments = settings.Arguments,
                Environment = CallerEnvironment.With(("CAIRN_EVENT", message.Type), ("CAIRN_EVENT_ID", message.Id)),
                WorkingDirectory = folder,
                InputPath = input,
            },
            printed);
        using var timeout = new CancellationTokenSource(settings.Timeout, time);
        await using var late = timeout.Token.Register(() => process.Stop(HandlerLimits.CommandGrace));
        await using var stopped = cancellationToken.Register(() => process.Stop(HandlerLimits.CommandGrace));
        var result = await process.Completion.ConfigureAwait(false);
        if (printed.Bytes.Length > 0)
        {
            var head = string.Create(CultureInfo.InvariantCulture, $"== {message.Time:yyyy-MM-ddTHH:mm:ssZ} {message.Type} {message.Id}\n");
            await _log.AppendAsync((byte[])[.. Encoding.UTF8.GetBytes(head), .. printed.Bytes], sync: false, CancellationToken.None).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return result switch
        {
            { StartError: { } problem } => new DeliveryOutcome.Refused(problem),
            { ExitCode: 0 } => new DeliveryOutcome.Delivered("exit 0"),
            { ExitCode: TemporaryFailure } => new DeliveryOutcome.Failed($"exit {TemporaryFailure}"),
            _ when timeout.IsCancellationRequested => new DeliveryOutcome.Refused($"it took longer than {Core.Durations.Format(settings.Timeout)}"),
            { ExitCode: { } code } => new DeliveryOutcome.Refused($"exit {code}"),
            _ => new DeliveryOutcome.Refused($"it was killed by signal {result.Signal}"),
        };
    }

    /// <summary>The first bytes of what a command prints; it may print more than anybody keeps.</summary>
    private sealed class Sink : IOutputSink
    {
        private const int BytesMax = 64 << 10;

        private readonly ArrayBufferWriter<byte> _bytes = new();

        public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

        public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes) => _bytes.Write(redactedBytes[..Math.Min(redactedBytes.Length, BytesMax - _bytes.WrittenCount)]);
    }
}
