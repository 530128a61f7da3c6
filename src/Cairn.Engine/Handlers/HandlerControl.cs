using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;

using Cairn.Core.Events;
using Cairn.Engine.Caching;
using Cairn.Execution;

namespace Cairn.Engine.Handlers;

/// <summary>What became of a test event.</summary>
/// <param name="IsDelivered">Whether the handler took it.</param>
/// <param name="Detail">What it said, or why not.</param>
/// <param name="Took">How long that took.</param>
public sealed record HandlerTest(bool IsDelivered, string Detail, TimeSpan Took);

/// <summary>What a person does with handlers when no run is on.</summary>
/// <param name="stateDirectory">The user's state folder for Cairn.</param>
/// <param name="version">The version of Cairn.</param>
/// <param name="time">The clock.</param>
public sealed class HandlerControl(string stateDirectory, string version, TimeProvider time)
{
    private static readonly TimeSpan FlushMax = TimeSpan.FromMinutes(1);

    /// <summary>How a handler has fared.</summary>
    public HandlerStatus StatusOf(string handler) => new HandlerState(stateDirectory, handler).ReadStatus();

    /// <summary>The folder of a handler's state, whether it exists or not.</summary>
    public string FolderOf(string handler) => new HandlerState(stateDirectory, handler).Folder;

    /// <summary>Sends one test event, once, whatever the handler's filters say.</summary>
    public async Task<HandlerTest> TestAsync(HandlerSettings settings, string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var state = new HandlerState(stateDirectory, settings.Name);
        state.Create();
        await using var host = Host();
        using var target = HandlerTargets.Open(settings, state.Folder, version, host, time);
        var start = time.GetTimestamp();
        var outcome = await target.DeliverAsync([HandlerMessage.OfTest(id, time.GetUtcNow())], cancellationToken).ConfigureAwait(false);
        var took = time.GetElapsedTime(start);
        return outcome switch
        {
            DeliveryOutcome.Delivered delivered => new HandlerTest(true, delivered.Detail, took),
            DeliveryOutcome.Refused refused => new HandlerTest(false, refused.Problem, took),
            DeliveryOutcome.Failed failed => new HandlerTest(false, failed.Problem, took),
            _ => throw new InvalidOperationException($"A delivery cannot end in {outcome.GetType().Name}"),
        };
    }

    /// <summary>
    /// Tells handlers what happened outside of a run, and says how it went; those who want none of it are left out. Called when the command's work is done: it waits for each handler as long as that may delay
    /// a run, for all of them at once, and what is left then is kept. A handler for certain pipelines or branches is told of these alone.
    /// </summary>
    /// <param name="handlers">The handlers.</param>
    /// <param name="command">The command: <c>verify</c>.</param>
    /// <param name="projectDirectory">The project that it was about.</param>
    /// <param name="events">What happened.</param>
    public async Task<ImmutableArray<HandlerReport>> TellAsync(ImmutableArray<HandlerSettings> handlers, string command, string projectDirectory, IReadOnlyList<RunEvent> events)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(events);
        var source = string.Create(CultureInfo.InvariantCulture, $"{command.Replace(' ', '-')}-{time.GetUtcNow().ToUnixTimeMilliseconds()}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        var context = new HandlerContext(source, projectDirectory, HostFingerprint.MachineName) { Command = command };
        var wanted = new List<(HandlerSettings Settings, List<HandlerMessage> Messages)>();
        foreach (var settings in handlers)
        {
            var messages = new List<HandlerMessage>();
            for (var i = 0; i < events.Count; i++)
            {
                var names = EventNames.Of(events[i]);
                if (settings.Pipelines.IsEmpty && settings.Branches.IsEmpty && NamePattern.IsAnyMatch(settings.Events, names.AsSpan()))
                {
                    messages.Add(HandlerMessage.Of(events[i], names, context, i + 1));
                }
            }

            if (messages.Count > 0)
            {
                wanted.Add((settings, messages));
            }
        }

        if (wanted.Count == 0)
        {
            return [];
        }

        await using var host = Host();
        return [.. await Task.WhenAll(wanted.Select(w => TellAsync(w.Settings, w.Messages, source, host))).ConfigureAwait(false)];
    }

    private async Task<HandlerReport> TellAsync(HandlerSettings settings, List<HandlerMessage> messages, string source, ProcessHost host)
    {
        var state = new HandlerState(stateDirectory, settings.Name);
        using var worker = new HandlerWorker(settings, HandlerTargets.Open(settings, state.Folder, version, host, time), state, time, source);
        foreach (var message in messages)
        {
            worker.Add(message);
        }

        return await worker.FinishAsync(settings.Drain).ConfigureAwait(false);
    }

    /// <summary>Sends what is kept for handlers, and says how it went; those for which nothing is kept are left out.</summary>
    public async Task<ImmutableArray<HandlerReport>> FlushAsync(IEnumerable<HandlerSettings> handlers, string id)
    {
        ArgumentNullException.ThrowIfNull(handlers);
        await using var host = Host();
        var reports = ImmutableArray.CreateBuilder<HandlerReport>();
        foreach (var settings in handlers)
        {
            var state = new HandlerState(stateDirectory, settings.Name);
            if (state.ReadStatus().Waiting > 0)
            {
                using var worker = new HandlerWorker(settings, HandlerTargets.Open(settings, state.Folder, version, host, time), state, time, id);
                reports.Add(await worker.FinishAsync(FlushMax).ConfigureAwait(false));
            }
        }

        return reports.DrainToImmutable();
    }

    private static ProcessHost Host() => ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = $"events-{Environment.ProcessId}" });
}
