using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary><c>deterministic</c> while it is read; <see cref="Value"/> is null for <c>false</c>, which takes a default away again.</summary>
internal sealed record DeterminismDraft(Determinism? Value);

/// <summary><c>true</c>, <c>false</c>, or a mapping for more than <c>true</c> means.</summary>
internal sealed class DeterminismKind : Kind<DeterminismDraft>
{
    private static readonly ObjectKind<Settings> Object = new(
        new KeySet<Settings>(
            "deterministic", "`deterministic`", "What else is the same whenever and wherever the command runs.",
            [
                new Key<Settings, int>("cpus", "How many processors it sees; the machine must have them.", new IntegerKind("a number of processors", 1, Limits.StepCpusMax, "1"), static (d, v, _) => d.Cpus = v) { Default = "those there are" },
                new Key<Settings, bool>(
                    "faketime", "Whether its clock stands still at `SOURCE_DATE_EPOCH`, by libfaketime, which the machine must have. Programs that are linked statically see the real one.",
                    BooleanKind.Instance, static (d, v, _) => d.FakeTime = v) { Default = "false" },
            ]),
        "{ cpus: 1, faketime: true }", static (_, _) => new Settings());

    public static DeterminismKind Instance { get; } = new();

    public override string Expected => "`true`, `false` or a mapping";

    public override string Example => "true";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out DeterminismDraft value)
    {
        value = null;
        switch (node)
        {
            case MappingNode:
                if (!Object.TryRead(binder, node, out var settings))
                {
                    return false;
                }

                value = new DeterminismDraft(new Determinism { Cpus = settings.Cpus, FakeTime = settings.FakeTime });
                return true;
            case ScalarNode { Type: ScalarType.Boolean }:
                value = new DeterminismDraft(BooleanKind.Instance.TryRead(binder, node, out var enabled) && enabled ? Determinism.Default : null);
                return true;
            default:
                return binder.WrongType(node, this);
        }
    }

    public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(BooleanKind.Instance.WriteSchema, Object.WriteSchema);

    private sealed class Settings
    {
        public int? Cpus { get; set; }

        public bool FakeTime { get; set; }
    }
}
