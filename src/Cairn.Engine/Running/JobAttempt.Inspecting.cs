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
        var strict = _job.Step.Strict;
        string text;
        var hint = "";
        try
        {
            if (place.FindUndeclared() is not { } writes)
            {
                return null;
            }

            (text, hint) = (writes.Describe(), writes.Hint());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or EvaluationException)
        {
            text = $"may have written what is not among its outputs, which cannot be looked at: {exception.Message}";
        }

        // Names of files are the step's words, too.
        text = Redaction.Apply(text, _run.Secrets.Known);
        hint = Redaction.Apply(hint, _run.Secrets.Known);
        _run.Reporter.Warn(strict ? DiagnosticCodes.StrictWrites : DiagnosticCodes.UndeclaredWrites, $"`{_job.Id}` {text}{(hint.Length > 0 ? "; " : "")}{hint}", _job.Id);
        return strict ? $"it is `strict` and {text}" : null;
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
            WarnOfMissing(place, spec);
        }

        try
        {
            var reason = Redaction.Apply(report.Reason ?? "failed", _run.Secrets.Known);
            return report with { Root = place.Keep(new FailedAttempt(_attempt, reason, spec, SecretVariables()), _leaving.Token) };
        }
        catch (OperationCanceledException)
        {
            return report;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _run.Reporter.Warn(DiagnosticCodes.RootNotKept, $"The root of `{_job.Id}` could not be kept: {exception.Message}", _job.Id);
            return report;
        }
    }

    private void WarnOfMissing(IAttemptPlace place, ProcessSpec spec)
    {
        try
        {
            foreach (var sentence in place.FindMissing(spec))
            {
                _run.Reporter.Warn(DiagnosticCodes.UndeclaredInput, Redaction.Apply(sentence, _run.Secrets.Known), _job.Id);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // An explanation that is not to be had takes nothing from the failure.
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
