using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Core.Language.Binding;

/// <summary>What a toolchain consists of.</summary>
internal sealed class ToolchainKind : Kind<ToolchainSource>
{
    private static readonly KeySet<Draft> Keys = new(
        "toolchain", "a toolchain", "Programs for sandboxed steps, pinned byte for byte in `cairn.lock` by `cairn toolchain lock`.",
        [
            new Key<Draft, string>("debian", "The suite of Debian, or of an archive of its kind, that the packages are from, by its name for good. Its updates and security updates join it. The archive is the one that apt of this machine is configured with.", new SuiteKind(), static (d, v, _) => d.Suite = v) { Required = true },
            new Key<Draft, ImmutableArray<string>>("packages", "The packages; what they need comes with them.", new ListKind<string>(new PackageKind(), "a list of packages", "[gcc, libc6-dev, make]", single: false, allowEmpty: false), static (d, v, _) => d.Packages = v) { Required = true },
            new Key<Draft, bool>("essential", "Whether the packages come along that all others rely on without saying so: shell, coreutils, sed, grep, tar and the like.", BooleanKind.Instance, static (d, v, _) => d.Essential = v) { Default = "true" },
            new Key<Draft, bool>("allow_expired", "Whether a release will do whose last day has passed, as that of an archive which is no longer updated. It is recorded in `cairn.lock`.", BooleanKind.Instance, static (d, v, _) => d.AllowExpired = v) { Default = "false" },
        ]);

    private static readonly ObjectKind<Draft> Object = new(Keys, "{ debian: bookworm, packages: [gcc, libc6-dev, make] }", static (_, _) => new Draft());

    public static ToolchainKind Instance { get; } = new();

    public override string Expected => Object.Expected;

    public override string? Example => Object.Example;

    public override bool TakesMapping => true;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out ToolchainSource value)
    {
        value = null;
        if (!Object.TryRead(binder, node, out var draft) || draft.Suite is null || draft.Packages.IsDefaultOrEmpty)
        {
            return false;
        }

        value = new ToolchainSource.Debian(draft.Suite, [.. draft.Packages.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], draft.Essential, draft.AllowExpired);
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => Object.WriteSchema(schema);

    private sealed class Draft
    {
        public string? Suite { get; set; }

        public ImmutableArray<string> Packages { get; set; } = [];

        public bool Essential { get; set; } = true;

        public bool AllowExpired { get; set; }
    }

    private sealed class SuiteKind : Kind<string>
    {
        private const string Pattern = "^[a-z][a-z0-9-]*$";

        public override string Expected => "the name of a suite";

        public override string Example => "bookworm";

        public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
        {
            value = null;
            if (node is not ScalarNode { Type: ScalarType.String, Text: var text })
            {
                return binder.WrongType(node, this);
            }

            value = text;
            if (ToolchainSource.Debian.IsMoving(text))
            {
                return binder.Invalid(DiagnosticCodes.InvalidValue, $"`{text}` is another suite from one year to the next", node.Span, "Write the name that it has for good, such as `debian: bookworm`");
            }

            return ToolchainSource.Debian.IsSuite(text)
                || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{text}` is not the name of a suite", node.Span, "For example `debian: bookworm`");
        }

        public override void WriteSchema(SchemaWriter schema)
        {
            schema.Type("string");
            schema.Member("pattern", Pattern);
        }
    }

    private sealed class PackageKind : Kind<string>
    {
        private static readonly SearchValues<char> PackageCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789+-.");

        public override string Expected => "the name of a package";

        public override string Example => "gcc";

        public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
        {
            value = (node as ScalarNode)?.Text;
            if (node is not ScalarNode { Type: ScalarType.String })
            {
                return binder.WrongType(node, this);
            }

            return (PackageName.IsValid(value) && !value.AsSpan().ContainsAnyExcept(PackageCharacters))
                || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{value}` is not the name of a package", node.Span, "Names have small letters, digits, `+`, `-` and `.`; the version is what `cairn.lock` says");
        }

        public override void WriteSchema(SchemaWriter schema)
        {
            schema.Type("string");
            schema.Member("pattern", PackageName.Pattern);
        }
    }
}

/// <summary>The toolchain of a step, by its name.</summary>
internal sealed class ToolchainUseKind : Kind<ToolchainReference>
{
    public override string Expected => "the name of a toolchain, or `host`";

    public override string Example => "cc";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out ToolchainReference value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = new ToolchainReference(scalar.Text, scalar.Span);
        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", NameRule.Toolchain.Pattern);
    }
}
