using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning.Compiled;

/// <summary>Writes what a pipeline consists of.</summary>
internal sealed partial class ModelEncoder(CompactWriter writer)
{
    /// <summary>The numbers of objects that were written, counted for each type; by identity, so that a decoded plan shares what the plan shared.</summary>
    private readonly Dictionary<object, uint> _known = new(ReferenceEqualityComparer.Instance);
    private uint _entries;
    private ImmutableArray<string> _shell;

    /// <summary>A number that is not negative, or nothing.</summary>
    public static uint Optional(int? number) => number is { } value ? checked((uint)value + 1) : 0;

    public void Write(ImmutableArray<string> texts)
    {
        writer.WriteCount(texts.Length);
        foreach (var text in texts)
        {
            writer.WriteText(text);
        }
    }

    public void Write(ImmutableArray<SourceSpan> spans)
    {
        writer.WriteCount(spans.Length);
        foreach (var span in spans)
        {
            writer.WriteSpan(span);
        }
    }

    public void Write(ImmutableArray<LockName> locks)
    {
        writer.WriteCount(locks.Length);
        foreach (var name in locks)
        {
            writer.WriteText(name.Value);
        }
    }

    public void Write(ImmutableArray<EnvironmentEntry> environment)
    {
        writer.WriteCount(environment.Length);
        foreach (var entry in environment)
        {
            Write(entry);
        }
    }

    public void Write(Secret secret)
    {
        writer.WriteText(secret.Name);
        writer.WriteSpan(secret.Span);
        switch (secret.Source)
        {
            case SecretSource.Variable variable:
                writer.Write((uint)SecretTag.Variable);
                writer.WriteText(variable.Name);
                break;
            case SecretSource.File file:
                writer.Write((uint)SecretTag.File);
                writer.WriteText(file.Path);
                break;
            case SecretSource.Command command:
                writer.Write((uint)SecretTag.Command);
                Write(command.Arguments);
                break;
            default:
                throw new ArgumentException($"A secret has a source of the unknown kind {secret.Source.GetType()}", nameof(secret));
        }
    }

    public void Write(Toolchain toolchain)
    {
        writer.WriteText(toolchain.Name);
        writer.WriteSpan(toolchain.Span);
        switch (toolchain.Source)
        {
            case ToolchainSource.Debian debian:
                writer.Write((uint)ToolchainTag.Debian);
                writer.WriteText(debian.Suite);
                Write(debian.Packages);
                writer.WriteBoolean(debian.Essential);
                writer.WriteBoolean(debian.AllowExpired);
                break;
            case ToolchainSource.Oci oci:
                writer.Write((uint)ToolchainTag.Oci);
                writer.WriteText(oci.Image);
                break;
            case ToolchainSource.Archive archive:
                writer.Write((uint)ToolchainTag.Archive);
                Write(archive.Places);
                writer.WriteText(archive.Sha256);
                writer.WriteCount(archive.Strip);
                Write(archive.Placement);
                writer.WriteOptional(archive.Signature);
                writer.WriteOptional(archive.Key);
                break;
            case ToolchainSource.Step step:
                writer.Write((uint)ToolchainTag.Step);
                writer.WriteText(step.Name);
                writer.WriteOptional(step.Project);
                writer.WriteText(step.From);
                Write(step.Placement);
                break;
            case ToolchainSource.Host host:
                writer.Write((uint)ToolchainTag.Host);
                Write(host.Paths);
                WriteOptional(host.Programs);
                break;
            case ToolchainSource.Dotnet dotnet:
                writer.Write((uint)ToolchainTag.Dotnet);
                writer.WriteText(dotnet.Version);
                writer.WriteBoolean(dotnet.Installed);
                break;
            default:
                throw new ArgumentException($"A toolchain has a source of the unknown kind {toolchain.Source.GetType()}", nameof(toolchain));
        }
    }

    private void Write(ToolchainPlacement placement)
    {
        writer.WriteOptional(placement.At);
        WriteOptional(placement.Programs);
    }

    private void WriteOptional(ImmutableArray<string> texts)
    {
        writer.WriteBoolean(!texts.IsDefault);
        if (!texts.IsDefault)
        {
            Write(texts);
        }
    }

    public void Write(Service service)
    {
        writer.WriteText(service.Name.Value);
        writer.WriteSpan(service.Span);
        Write(service.Action);
        Write(service.Environment);
        Write(service.WorkingDirectory);
        writer.WriteLong(service.StopGrace.Ticks);
        if (service.Ready is not { } ready)
        {
            writer.Write((uint)ReadinessTag.None);
            return;
        }

        switch (ready.Check)
        {
            case ReadinessCheck.Script script:
                writer.Write((uint)ReadinessTag.Script);
                writer.WriteText(script.Text);
                break;
            case ReadinessCheck.Tcp tcp:
                writer.Write((uint)ReadinessTag.Tcp);
                writer.WriteSigned(tcp.Port);
                break;
            case ReadinessCheck.Http http:
                writer.Write((uint)ReadinessTag.Http);
                writer.WriteText(http.Url.OriginalString);
                break;
            case ReadinessCheck.Output output:
                writer.Write((uint)ReadinessTag.Output);
                writer.WriteText(output.Text);
                break;
            default:
                throw new ArgumentException($"A service has a check of the unknown kind {ready.Check.GetType()}", nameof(service));
        }

        writer.WriteLong(ready.Interval.Ticks);
        writer.WriteLong(ready.Timeout.Ticks);
    }

    public void Write(Step step)
    {
        var mask = MembersOf(step);
        writer.Write(mask);
        writer.WriteText(step.Name.Value);
        writer.WriteSpan(step.Span);
        Write(step.Action);
        WriteWhere(mask, StepMember.Description, step, static (e, s) => e.WriteText(s.Description!));
        WriteWhere(mask, StepMember.Needs, step, static (e, s) => e.Write(s.Needs));
        WriteWhere(mask, StepMember.Environment, step, static (e, s) => e.Write(s.Environment));
        WriteWhere(mask, StepMember.WorkingDirectory, step, static (e, s) => e.Write(s.WorkingDirectory));
        WriteWhere(mask, StepMember.Inputs, step, static (e, s) => e.Write(s.Inputs.GetValueOrDefault()));
        WriteWhere(mask, StepMember.Outputs, step, static (e, s) => e.Write(s.Outputs));
        WriteWhere(mask, StepMember.Timeout, step, static (e, s) => e.Write(s.Timeout.GetValueOrDefault()));
        WriteWhere(mask, StepMember.Retries, step, static (e, s) => e.Write(s.Retries!));
        WriteWhere(mask, StepMember.Condition, step, static (e, s) => e.Write(s.Condition!));
        WriteWhere(mask, StepMember.Matrix, step, static (e, s) => e.Write(s.Matrix!));
        WriteWhere(mask, StepMember.Isolation, step, static (e, s) => e.Write((uint)s.Isolation.GetValueOrDefault()));
        WriteWhere(mask, StepMember.Locks, step, static (e, s) => e.Write(s.Locks));
        WriteWhere(mask, StepMember.MaxParallel, step, static (e, s) => e.Write(Optional(s.MaxParallel)));
        WriteWhere(mask, StepMember.Services, step, static (e, s) => e.Write(s.Services));
        WriteWhere(mask, StepMember.Cache, step, static (e, s) => e.Write(s.Cache));
        WriteWhere(mask, StepMember.JUnitReports, step, static (e, s) => e.Write(s.JUnitReports));
        WriteWhere(mask, StepMember.Generates, step, static (e, s) => e.Write(s.Generates));
        WriteWhere(mask, StepMember.Templates, step, static (e, s) => e.Write(s.Templates));
        WriteWhere(mask, StepMember.Network, step, static (e, s) => e.Write((uint)s.Network.GetValueOrDefault()));
        WriteWhere(mask, StepMember.Limits, step, static (e, s) => e.Write(s.Limits!));
        WriteWhere(mask, StepMember.Deterministic, step, static (e, s) => e.Write(s.Deterministic!));
        WriteWhere(mask, StepMember.Fetch, step, static (e, s) => e.Write(s.Fetch!));
        WriteWhere(mask, StepMember.Toolchain, step, static (e, s) => e.Write(s.Toolchain!));
    }

    private static uint MembersOf(Step step) =>
        (step.Description is null ? 0 : StepMember.Description)
        | (step.Needs.IsEmpty ? 0 : StepMember.Needs)
        | (step.Environment.IsEmpty ? 0 : StepMember.Environment)
        | (step.WorkingDirectory is null ? 0 : StepMember.WorkingDirectory)
        | (step.Inputs is null ? 0 : StepMember.Inputs)
        | (step.Outputs.IsEmpty ? 0 : StepMember.Outputs)
        | (step.Timeout is null ? 0 : StepMember.Timeout)
        | (step.Retries is null ? 0 : StepMember.Retries)
        | (step.AllowFailure ? StepMember.AllowFailure : 0)
        | (step.Condition is null ? 0 : StepMember.Condition)
        | (step.Matrix is null ? 0 : StepMember.Matrix)
        | (step.Isolation is null ? 0 : StepMember.Isolation)
        | (step.Locks.IsEmpty ? 0 : StepMember.Locks)
        | (step.MaxParallel is null ? 0 : StepMember.MaxParallel)
        | (step.Services.IsEmpty ? 0 : StepMember.Services)
        | (step.Cache is { Enabled: true, KeyExtra: null, Paths.IsEmpty: true } ? 0 : StepMember.Cache)
        | (step.JUnitReports.IsEmpty ? 0 : StepMember.JUnitReports)
        | (step.Generates is null ? 0 : StepMember.Generates)
        | (step.Templates.IsEmpty ? 0 : StepMember.Templates)
        | (step.Network is null ? 0 : StepMember.Network)
        | (step.Limits is null ? 0 : StepMember.Limits)
        | (step.Strict ? StepMember.Strict : 0)
        | (step.Deterministic is null ? 0 : StepMember.Deterministic)
        | (step.Toolchain is null ? 0 : StepMember.Toolchain)
        | (step.Fetch is null ? 0 : StepMember.Fetch);

    private void WriteWhere(uint mask, uint member, Step step, Action<ModelEncoder, Step> write)
    {
        if ((mask & member) != 0)
        {
            write(this, step);
        }
    }

    private void Write(uint number) => writer.Write(number);

    private void WriteText(string text) => writer.WriteText(text);

    private void Write(TimeSpan time) => writer.WriteLong(time.Ticks);

    private void Write(ImmutableArray<StepReference> references)
    {
        writer.WriteCount(references.Length);
        foreach (var reference in references)
        {
            writer.WriteText(reference.Name.Value);
            writer.WriteSpan(reference.Span);
        }
    }

    private void Write(EnvironmentEntry entry)
    {
        if (IsKnown(entry))
        {
            return;
        }

        writer.Write(ObjectTag.Fresh);
        writer.WriteText(entry.Name);
        writer.WriteSpan(entry.Span);
        Write(entry.Value);
        _known.Add(entry, _entries++);
    }

    private void Write(StepAction action)
    {
        switch (action)
        {
            case StepAction.Script script when script.Shell == _shell:
                writer.Write((uint)ActionTag.ScriptOfSameShell);
                Write(script.Text);
                break;
            case StepAction.Script script:
                writer.Write((uint)ActionTag.Script);
                Write(_shell = script.Shell);
                Write(script.Text);
                break;
            case StepAction.Command command:
                writer.Write((uint)ActionTag.Command);
                Write(command.Arguments);
                break;
            case StepAction.Bundle bundle:
                writer.Write((uint)ActionTag.Bundle);
                Write(bundle.Name);
                Write(bundle.Files);
                break;
            default:
                throw new ArgumentException($"A step has an action of the unknown kind {action.GetType()}", nameof(action));
        }
    }

    private void Write(RetryPolicy retries)
    {
        writer.WriteSigned(retries.Max);
        writer.WriteCount(retries.OnExitCodes.Length);
        foreach (var code in retries.OnExitCodes)
        {
            writer.WriteSigned(code);
        }

        writer.WriteBoolean(retries.OnTimeout);
        writer.WriteBoolean(retries.OnSignal);
        Write(retries.BackoffInitial);
        Write(retries.BackoffMax);
        writer.WriteDouble(retries.Jitter);
    }

    // Zero stands for none: no limit is.
    private void Write(StepLimits limits)
    {
        writer.WriteLong(limits.MemoryBytes ?? 0);
        writer.WriteLong(BitConverter.DoubleToInt64Bits(limits.Cpus ?? 0));
        writer.WriteLong(limits.Processes ?? 0);
        writer.WriteLong(limits.DiskBytes ?? 0);
        writer.WriteLong(limits.OpenFiles ?? 0);
    }

    private void Write(FetchPolicy fetch)
    {
        writer.WriteCount(fetch.Hosts.Patterns.Length);
        foreach (var pattern in fetch.Hosts.Patterns)
        {
            writer.WriteText(pattern.Text);
        }
    }

    private void Write(ToolchainUse use)
    {
        writer.WriteCount(use.References.Length);
        foreach (var reference in use.References)
        {
            writer.WriteText(reference.Name);
            writer.WriteSpan(reference.Span);
        }
    }

    private void Write(Determinism determinism)
    {
        writer.WriteLong(determinism.Cpus ?? 0);
        writer.WriteBoolean(determinism.FakeTime);
    }

    private void Write(CachePolicy cache)
    {
        writer.WriteBoolean(cache.Enabled);
        Write(cache.KeyExtra);
        writer.WriteCount(cache.Paths.Length);
        foreach (var path in cache.Paths)
        {
            writer.WriteText(path.Name);
            writer.WriteText(path.Path);
            writer.WriteBoolean(path.Shared);
            writer.WriteSpan(path.Span);
            writer.WriteLong(path.QuotaBytes ?? -1);
        }
    }

    private void Write(MatrixDefinition matrix)
    {
        writer.WriteSpan(matrix.Span);
        writer.WriteCount(matrix.Axes.Length);
        foreach (var axis in matrix.Axes)
        {
            writer.WriteText(axis.Name);
            writer.WriteCount(axis.Values.Length);
            foreach (var value in axis.Values)
            {
                Write(value);
            }

            Write(axis.Computed);
            writer.WriteSpan(axis.Span);
        }

        Write(matrix.Include);
        Write(matrix.Exclude);
        writer.Write(Optional(matrix.MaxParallel));
        writer.WriteSigned(matrix.MaxJobs);
    }

    private void Write(ImmutableArray<MatrixRow> rows)
    {
        writer.WriteCount(rows.Length);
        foreach (var row in rows)
        {
            writer.WriteSpan(row.Span);
            writer.WriteCount(row.Values.Length);
            foreach (var (name, value) in row.Values)
            {
                writer.WriteText(name);
                Write(value);
            }
        }
    }

    private void Write(MatrixValue value)
    {
        Write(value.Constant);
        Write(value.Computed);
        writer.WriteSpan(value.Span);
    }

    private bool IsKnown(object item)
    {
        if (!_known.TryGetValue(item, out var number))
        {
            return false;
        }

        writer.Write(ObjectTag.Known + number);
        return true;
    }
}
