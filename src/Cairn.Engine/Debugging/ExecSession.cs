using Cairn.Core.Language.Model;
using Cairn.Engine.Isolation;
using Cairn.Execution;
using Cairn.Execution.Sandbox;

namespace Cairn.Engine.Debugging;

/// <summary>Runs a program in the fresh sandbox of a step.</summary>
public static class ExecSession
{
    /// <summary>Runs; the program's exit code. Throws <see cref="DebugException"/> and <see cref="IOException"/>.</summary>
    /// <param name="prepared">A run of which only that step is selected.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="variables">Variables beside those of the step.</param>
    /// <param name="onTerminal">Whether it gets a terminal.</param>
    /// <param name="warn">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> RunAsync(
        PreparedRun prepared, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, bool onTerminal, Action<string> warn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(warn);
        var job = FreshStep.Selected(prepared);
        if (prepared.Request.IsolationOf(job.Step) != IsolationLevel.Sandbox)
        {
            throw new DebugException(job.Step.Isolation is null
                ? $"`{job.Id}` runs in isolation `process`, which has no root of its own: `cairn config set run.isolation sandbox`"
                : $"`{job.Id}` asks for isolation `process`, which has no root of its own");
        }

        await using var step = await FreshStep.PrepareAsync(prepared, job, warn, cancellationToken);
        var environment = await step.EnvironmentAsync(cancellationToken);
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        var root = step.Sandboxes.Mount(step.Scope, job, attempt: 1, step.Action, onTerminal);
        using (root)
        {
            return AttachedProcess.Run(root.Place, new ProcessSpec { Arguments = [.. command], Environment = [.. environment], WorkingDirectory = step.WorkingDirectory }, cancellationToken);
        }
    }
}
