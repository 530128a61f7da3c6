using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Engine.History;
using Cairn.Engine.Preparation;
using Cairn.Engine.Running;
using Cairn.Engine.Trust;
using Cairn.Execution;
using Cairn.Store.Content;

namespace Cairn.Engine.Reproduce;

/// <summary>A bench with the store that its inputs come from, and whom to believe.</summary>
internal sealed class BenchSession : IAsyncDisposable
{
    private readonly StoreLease? _lease;

    private BenchSession(ContentStore store, StoreLease? lease, RunTrust trust, Workbench bench)
    {
        Store = store;
        _lease = lease;
        Trust = trust;
        Bench = bench;
    }

    public ContentStore Store { get; }

    public RunTrust Trust { get; }

    public Workbench Bench { get; }

    /// <summary>Opens one. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    /// <param name="request">The project and the machine's settings, as for a run.</param>
    /// <param name="holder">Who keeps the store from being tidied.</param>
    /// <param name="recipes">What will be executed.</param>
    /// <param name="note">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<BenchSession> OpenAsync(RunRequest request, string holder, IReadOnlyList<Recipe> recipes, Action<string> note, CancellationToken cancellationToken)
    {
        var store = OpenStore(request, RunDirectory.StateDirectory(request.ProjectDirectory));
        StoreLease? lease = null;
        RunTrust? trust = null;
        ProcessHost? host = null;
        try
        {
            lease = store.TryLease(holder);
            trust = RunTrust.Find(request, TimeProvider.System);
            if (trust.Refusal is { } refusal)
            {
                throw new IOException(refusal.Message);
            }

            host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = request.PidNamespace, RunToken = $"reproduce-{Environment.ProcessId}" });
            var needing = recipes.FirstOrDefault(static r => !r.Secrets.IsEmpty);
            var secrets = needing is null ? null : await SecretsAsync(request, needing.Recorded.Started, host, note, cancellationToken);
            return new BenchSession(store, lease, trust, new Workbench(host, store, request, secrets, TimeProvider.System));
        }
        catch
        {
            if (host is not null)
            {
                await host.DisposeAsync();
            }

            trust?.Dispose();
            lease?.Dispose();
            store.Dispose();
            throw;
        }
    }

    /// <summary>The store of a run; the project's own where that cannot be written.</summary>
    public static ContentStore OpenStore(RunRequest request, string state)
    {
        if (request.CacheDirectory is { } shared)
        {
            try
            {
                var store = ContentStore.Open(shared);
                if (store.ReadOnlyReason is null)
                {
                    return store;
                }

                store.Dispose();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // As in a run: the project's own stands in for it.
            }
        }

        return ContentStore.Open(Path.Combine(state, "store"));
    }

    public async ValueTask DisposeAsync()
    {
        await Bench.DisposeAsync();
        Trust.Dispose();
        _lease?.Dispose();
        Store.Dispose();
    }

    /// <summary>The pipeline as it is now tells where secrets come from.</summary>
    private static async Task<SecretResolver> SecretsAsync(RunRequest request, PipelineStarted? began, ProcessHost host, Action<string> note, CancellationToken cancellationToken)
    {
        var inspected = request with { InspectOnly = true };
        if (began is { } started)
        {
            inspected = inspected with { PipelineFile = started.File, Parameters = started.Parameters.ToImmutableDictionary(StringComparer.Ordinal) };
        }

        var prepared = await RunPreparation.PrepareAsync(inspected, TimeProvider.System, cancellationToken);
        ImmutableArray<Secret> secrets = prepared.Plan?.Pipeline.Secrets ?? [];
        return new SecretResolver(secrets, request.ProjectDirectory, host, (_, message) => note(message));
    }
}
