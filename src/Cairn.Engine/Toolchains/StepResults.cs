using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine.Trust;
using Cairn.Execution.Toolchains;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;

namespace Cairn.Engine.Toolchains;

/// <summary>What steps of projects left behind when they last ran.</summary>
public static class StepResults
{
    /// <summary>The outputs of a step's newest successful job, with their folders kept in the store. Throws <see cref="ToolchainException"/>.</summary>
    /// <param name="projectDirectory">The project.</param>
    /// <param name="step">The step.</param>
    /// <param name="store">The store that the project's results are in.</param>
    /// <param name="keysDirectory">The user's keys, or null.</param>
    /// <param name="stateDirectory">The user's state.</param>
    public static StepResult Find(string projectDirectory, string step, ContentStore store, string? keysDirectory, string stateDirectory)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (!Directory.Exists(projectDirectory))
        {
            throw new ToolchainException($"There is no project in `{projectDirectory}`");
        }

        var history = new RunHistory(projectDirectory);
        using var trust = RunTrust.Find(keysDirectory, stateDirectory, TimeProvider.System);
        if (trust.Refusal is { } refusal)
        {
            throw new ToolchainException(refusal.Message, refusal.Suggestion);
        }

        var actions = new ActionCache(store, trust.Seal);
        var isKnown = false;
        foreach (var run in history.List())
        {
            foreach (var happened in history.Read(run.Id)?.Events ?? [])
            {
                if (happened is not StepFinished { Status: JobStatus.Succeeded, Cache.Action: { } hash } finished || finished.Job != step)
                {
                    continue;
                }

                isKnown = true;
                if (actions.TryGet(hash) is not var (result, _))
                {
                    continue;
                }

                return new StepResult(run.Id.Value, result.Action, Keep(result, store));
            }
        }

        throw new ToolchainException(
            isKnown ? $"What the step `{step}` of `{projectDirectory}` left behind is no longer in the store" : $"The step `{step}` of `{projectDirectory}` has not succeeded in any run that is known",
            $"run it: `cairn run --directory {projectDirectory}`");
    }

    /// <summary>What is attested of an action, by whom this user trusts.</summary>
    /// <param name="action">The action.</param>
    /// <param name="store">The store that has its result.</param>
    /// <param name="keysDirectory">The user's keys, or null.</param>
    /// <param name="stateDirectory">The user's state.</param>
    public static StepProof Prove(Digest action, ContentStore store, string? keysDirectory, string stateDirectory)
    {
        var actions = new ActionCache(store, RunTrust.Find(keysDirectory, stateDirectory, TimeProvider.System).Seal);
        return actions.TryGet(action.Hash, out var reason) is not var (result, attestation) ? new StepProof(null, null, reason)
            : result.Action == action ? new StepProof(Keep(result, store), attestation, null)
            : new StepProof(null, null, $"it is of the action `{result.Action}`");
    }

    private static Digest Keep(ActionResult result, ContentStore store)
    {
        var tree = MerkleTree.Of(result.Outputs.Select(static o => new KeyValuePair<string, TreeLeaf>(o.Path, new TreeLeaf(o.Digest, o.Executable, o.Target))));
        StoredTree.Put(tree, store);
        return tree.Digest;
    }
}
