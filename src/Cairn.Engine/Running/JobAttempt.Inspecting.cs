using Cairn.Core.Diagnostics;
using Cairn.Core.Scheduling;
using Cairn.Engine.Isolation;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <content>What an attempt did beside what it declares, and what is kept of one that failed.</content>
internal sealed partial class JobAttempt
{
    /// <summary>Tells what a step wrote beside its outputs; why that fails it where it is strict, or null.</summary>
    private string? CheckUndeclared(IAttemptPlace place)
    {
        if (place.FindUndeclared() is not { } writes)
        {
            return null;
        }

        var hint = writes.Hint();
        var strict = _job.Step.Strict;
        _run.Reporter.Warn(
            strict ? DiagnosticCodes.StrictWrites : DiagnosticCodes.UndeclaredWrites,
            $"`{_job.Id}` {writes.Describe()}{(hint.Length > 0 ? "; " : "")}{hint}",
            _job.Id);
        return strict ? $"it is `strict` and {writes.Describe()}" : null;
    }

    /// <summary>Explains a failure where that can be done, and keeps the attempt's root for <c>cairn debug</c>. One that a person ended needs neither.</summary>
    private AttemptReport Inspect(AttemptReport report, IAttemptPlace place, ProcessSpec spec)
    {
        lock (_gate)
        {
            if (_cancelled)
            {
                return report;
            }
        }

        if (report.Outcome is AttemptOutcome.Exited or AttemptOutcome.Signaled)
        {
            foreach (var sentence in place.FindMissing(spec))
            {
                _run.Reporter.Warn(DiagnosticCodes.UndeclaredInput, sentence, _job.Id);
            }
        }

        try
        {
            var reason = Redaction.Apply(report.Reason ?? "failed", _run.Secrets.Known);
            return report with { Root = place.Keep(new FailedAttempt(_attempt, reason, spec, SecretVariables())) };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _run.Reporter.Warn(DiagnosticCodes.RootNotKept, $"The root of `{_job.Id}` could not be kept: {exception.Message}", _job.Id);
            return report;
        }
    }

    private Dictionary<string, string> SecretVariables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entries in (ReadOnlySpan<System.Collections.Immutable.ImmutableArray<Core.Language.Model.EnvironmentEntry>>)[_run.Scope.Plan.Pipeline.Environment, _job.Step.Environment])
        {
            foreach (var entry in entries)
            {
                if (StepEnvironment.SecretOf(entry.Value) is { } secret)
                {
                    variables[entry.Name] = secret;
                }
                else
                {
                    variables.Remove(entry.Name);
                }
            }
        }

        return variables;
    }
}
