using System.Globalization;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A word of a fixed set, with pointed answers for words that this version does not support.</summary>
internal sealed class IsolationKind : Kind<IsolationLevel>
{
    private static readonly string[] Known = ["process", "sandbox", "container", "gvisor", "vm"];

    public override string Expected => "an isolation level";

    public override string Example => "process";

    public override bool TryRead(Binder binder, Node node, out IsolationLevel value)
    {
        value = IsolationLevel.Process;
        if (node is not ScalarNode { Type: ScalarType.String } scalar)
        {
            return binder.WrongType(node, this);
        }

        switch (scalar.Text)
        {
            case "process":
                return true;
            case "sandbox":
                value = IsolationLevel.Sandbox;
                return true;
            case "container" or "gvisor" or "vm":
                return binder.Invalid(
                    DiagnosticCodes.UnsupportedIsolation, $"This version has no isolation `{scalar.Text}`, only `sandbox` and `process`", node.Span,
                    "Write `isolation: sandbox`, which keeps the step away from everything it does not declare");
            default:
                return binder.Invalid(
                    DiagnosticCodes.UnsupportedIsolation, $"`{scalar.Text}` is not an isolation level", node.Span,
                    Suggestions.Nearest(scalar.Text, Known) is { } nearest ? $"Did you mean `{nearest}`?" : "There are `sandbox` and `process`");
        }
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Enum("sandbox", "process");
}

/// <summary><c>none</c>, <c>wan</c> or <c>host</c>.</summary>
internal sealed class NetworkKind : Kind<NetworkAccess>
{
    private static readonly string[] Known = ["none", "wan", "host"];

    public override string Expected => "a network mode";

    public override string Example => "none";

    public override bool TryRead(Binder binder, Node node, out NetworkAccess value)
    {
        value = NetworkAccess.None;
        if (node is not ScalarNode { Type: ScalarType.String or ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        switch (scalar.Text)
        {
            case "none":
                return true;
            case "wan":
                value = NetworkAccess.Wan;
                return true;
            case "host":
                value = NetworkAccess.Host;
                return true;
            default:
                return binder.Invalid(
                    DiagnosticCodes.UnsupportedNetwork, $"`{scalar.Text}` is not a network mode", node.Span,
                    Suggestions.Nearest(scalar.Text, Known) is { } nearest ? $"Did you mean `{nearest}`?" : "There are `none`, `wan` and `host`");
        }
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Enum("none", "wan", "host");
}

/// <summary><c>limits</c>.</summary>
internal sealed class LimitsDraft
{
    public static ObjectKind<LimitsDraft> Kind { get; } = new(
        new KeySet<LimitsDraft>(
            "limits", "`limits`", "Bounds of one attempt and all its processes. What this machine cannot hold to is an error, never ignored.",
            [
                new Key<LimitsDraft, long>("memory", "Memory of all its processes together; beyond it they are killed, and the step says so.", new ByteSizeKind("2GiB"), static (d, v, _) => d.Memory = v) { Default = "no limit" },
                new Key<LimitsDraft, double>("cpus", "Processors at once: `1.5` is one and a half.", new CpusKind(), static (d, v, _) => d.Cpus = v) { Default = "no limit" },
                new Key<LimitsDraft, int>("pids", "Processes and threads at once.", new IntegerKind("a number of processes", 1, Limits.StepProcessesMax, "512"), static (d, v, _) => d.Processes = v) { Default = "8192" },
                new Key<LimitsDraft, long>("disk", "Bytes that it may write, outputs and temporary files together.", new ByteSizeKind("10GiB"), static (d, v, _) => d.Disk = v) { Default = "no limit" },
                new Key<LimitsDraft, int>("open_files", "Open files of one process.", new IntegerKind("a number of files", 16, Limits.StepOpenFilesMax, "4096"), static (d, v, _) => d.OpenFiles = v) { Default = "65536" },
            ]),
        "{ memory: 2GiB, pids: 512 }", static (_, _) => new LimitsDraft());

    public long? Memory { get; set; }

    public double? Cpus { get; set; }

    public int? Processes { get; set; }

    public long? Disk { get; set; }

    public int? OpenFiles { get; set; }

    public StepLimits ToLimits() => new() { MemoryBytes = Memory, Cpus = Cpus, Processes = Processes, DiskBytes = Disk, OpenFiles = OpenFiles };
}

/// <summary>A number of processors, fractions among them.</summary>
internal sealed class CpusKind : Kind<double>
{
    private const double Min = 0.01;

    public override string Expected => "a number of processors";

    public override string Example => "1.5";

    public override bool TryRead(Binder binder, Node node, out double value)
    {
        value = 0;
        return node is not ScalarNode { Type: ScalarType.Integer or ScalarType.Float } scalar || !double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            ? binder.WrongType(node, this)
            : value is >= Min and <= Limits.StepCpusMax || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{binder.CurrentKey}` must be between {Min.ToString(CultureInfo.InvariantCulture)} and {Limits.StepCpusMax}", node.Span, "For example `cpus: 1.5`");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Types("number");
}
