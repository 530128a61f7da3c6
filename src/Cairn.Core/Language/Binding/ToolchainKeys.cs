using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>What a toolchain consists of.</summary>
internal sealed class ToolchainKind : Kind<ToolchainSource>
{
    // A pattern or path of a list, or one alone.
    private static readonly ListKind<string> ProgramList = new(new ToolchainTextKind("a path or pattern of programs", "bin/*", ToolchainTexts.Program), "a pattern or a list of patterns", "[zig]");

    private static readonly KeySet<Draft> Keys = new(
        "toolchain", "a toolchain", "Programs for sandboxed steps, pinned byte for byte in `cairn.lock` by `cairn toolchain lock`.",
        [
            new Key<Draft, string>("debian", "Packages of Debian: the suite, or that of an archive of its kind, by its name for good. Its updates and security updates join it. The archive is the one that apt of this machine is configured with.", new SuiteKind(), static (d, v, _) => d.Debian = v),
            new Key<Draft, string>("oci", "The files of an image: `REGISTRY/REPOSITORY` with `:TAG` or `@sha256:HASH`, or the path of an OCI layout, which begins with `./` or `/`. A tag is resolved when it is locked.", new ToolchainTextKind("the name of an image", "docker.io/library/debian:bookworm", ToolchainTexts.Image), static (d, v, _) => d.Image = v),
            new Key<Draft, ImmutableArray<string>>("archive", "The files of an archive (tar, also compressed with gzip, xz, zstd or bzip2, or zip): an address or a path of the project, or several that have the same bytes.", new ListKind<string>(new ToolchainTextKind("an address or a path", "https://example.org/zig.tar.xz", ToolchainTexts.Place), "an address or a list of addresses", "https://example.org/zig.tar.xz", allowEmpty: false), static (d, v, _) => d.Places = v),
            new Key<Draft, string>("step", "What a step left behind: of this pipeline, where whoever uses it needs it, or of another `project`.", new ToolchainTextKind("the name of a step", "compiler", ToolchainTexts.StepName), static (d, v, _) => d.Step = v),
            new Key<Draft, ImmutableArray<string>>("host", "Folders or files of the machine, seen where they stand there. They may be others on each machine, and are digested for each run: not hermetic.", new ListKind<string>(new ToolchainTextKind("an absolute path", "/opt/tools", ToolchainTexts.HostPath), "a path or a list of paths", "[/opt/tools]", allowEmpty: false), static (d, v, _) => d.Paths = v),
            new Key<Draft, string>("dotnet", "An SDK of .NET by its version, or by the beginning of one: the newest of these. It is the archive that its publisher offers, or with `installed: true` the machine's own, which is not hermetic.", new ToolchainTextKind("a version", "\"10.0\"", ToolchainTexts.Version), static (d, v, _) => d.Dotnet = v),
            new Key<Draft, ImmutableArray<string>>("packages", "For `debian`: the packages; what they need comes with them.", new ListKind<string>(new PackageKind(), "a list of packages", "[gcc, libc6-dev, make]", single: false, allowEmpty: false), static (d, v, _) => d.Packages = v),
            new Key<Draft, bool>("essential", "For `debian`: whether the packages come along that all others rely on without saying so: shell, coreutils, sed, grep, tar and the like.", BooleanKind.Instance, static (d, v, _) => d.Essential = v) { Default = "true" },
            new Key<Draft, bool>("allow_expired", "For `debian`: whether a release will do whose last day has passed, as that of an archive which is no longer updated. It is recorded in `cairn.lock`.", BooleanKind.Instance, static (d, v, _) => d.AllowExpired = v) { Default = "false" },
            new Key<Draft, string>("sha256", "For `archive`: the hash of its bytes, without which none is unpacked.", new ToolchainTextKind("a SHA-256 hash", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ToolchainTexts.Sha256), static (d, v, _) => d.Sha256 = v),
            new Key<Draft, string>("signature", "For `archive`: an address or path of the signature that vouches for it. What it is depends on `key`.", new ToolchainTextKind("an address or a path", "https://example.org/zig.tar.xz.minisig", ToolchainTexts.Place), static (d, v, _) => d.Signature = v),
            new Key<Draft, string>("key", "For `archive`: the key that must have signed it: the text of a minisign key, or a file of the project with a key of minisign, OpenPGP or (as PEM) Ed25519.", new ToolchainTextKind("a key or the path of one", "keys/zig.pub", ToolchainTexts.Key), static (d, v, _) => d.Key = v),
            new Key<Draft, int>("strip", "For `archive`: how many folders are taken off the beginning of each path.", new IntegerKind("a number of folders", 0, 32, "1"), static (d, v, _) => d.Strip = v) { Default = "0" },
            new Key<Draft, string>("project", "For `step`: the folder of another project, whose last run is taken when the toolchain is locked.", new ToolchainTextKind("a folder", "../compiler", ToolchainTexts.Folder), static (d, v, _) => d.Project = v),
            new Key<Draft, string>("from", "For `step`: the folder of its outputs that is meant.", new ToolchainTextKind("a folder", "out", ToolchainTexts.Folder), static (d, v, _) => d.From = v) { Default = "all outputs" },
            new Key<Draft, string>("at", "For `archive` and `step`: the folder in which the files stand, `/` for the root.", new ToolchainTextKind("an absolute path", "/opt/zig", ToolchainTexts.At), static (d, v, _) => d.At = v) { Default = "/opt/ and the name of the toolchain" },
            new Key<Draft, ImmutableArray<string>>("bin", "For `archive`, `step` and `host`: which programs are linked into `/usr/local/bin`, where a shell finds them. For `host` these are absolute paths.", ProgramList, static (d, v, _) => d.Programs = v) { Default = "bin/*" },
            new Key<Draft, bool>("installed", "For `dotnet`: whether the SDK of the machine is meant.", BooleanKind.Instance, static (d, v, _) => d.Installed = v) { Default = "false" },
        ])
    { ExactlyOneOf = ["debian", "oci", "archive", "step", "host", "dotnet"] };

    private static readonly ObjectKind<Draft> Object = new(Keys, "{ debian: bookworm, packages: [gcc, libc6-dev, make] }", static (_, _) => new Draft());

    public static ToolchainKind Instance { get; } = new();

    public override string Expected => Object.Expected;

    public override string? Example => Object.Example;

    public override bool TakesMapping => true;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out ToolchainSource value)
    {
        value = null;
        if (!Object.TryRead(binder, node, out var draft) || draft.Kind is not { } kind)
        {
            return false;
        }

        var isGood = true;
        foreach (var entry in ((MappingNode)node).Entries)
        {
            if (KeysOf(kind) is var keys && entry.Key.Text != kind && !keys.Contains(entry.Key.Text, StringComparer.Ordinal) && Keys.Keys.Any(key => key.Name == entry.Key.Text) && Array.IndexOf(Keys.ExactlyOneOf, entry.Key.Text) < 0)
            {
                isGood = binder.Invalid(DiagnosticCodes.ToolchainKeyMisplaced, $"`{entry.Key.Text}` says nothing about a toolchain of the kind `{kind}`", entry.Key.Span, keys.Length == 0 ? $"Remove it: `{kind}` takes no further keys" : $"Remove it: with `{kind}` go {Names.List(keys, "and")}");
            }
        }

        value = Make(binder, node, draft, kind);
        return isGood && value is not null;
    }

    public override void WriteSchema(SchemaWriter schema) => Object.WriteSchema(schema);

    private static string[] KeysOf(string kind) => kind switch
    {
        "debian" => ["packages", "essential", "allow_expired"],
        "archive" => ["sha256", "signature", "key", "strip", "at", "bin"],
        "step" => ["project", "from", "at", "bin"],
        "host" => ["bin"],
        "dotnet" => ["installed"],
        _ => [],
    };

    private static ToolchainSource? Make(Binder binder, Node node, Draft draft, string kind)
    {
        var place = ObjectKind<Draft>.Start(node.Span);
        var placement = new ToolchainPlacement(draft.At?[1..], draft.Programs);
        switch (kind)
        {
            case "debian":
                return !Has(node, "packages") ? Missing("packages", "packages: [gcc, libc6-dev, make]")
                    : draft.Packages.IsDefaultOrEmpty ? null
                    : new ToolchainSource.Debian(draft.Debian!, [.. draft.Packages.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], draft.Essential, draft.AllowExpired);
            case "oci":
                return new ToolchainSource.Oci(draft.Image!);
            case "archive":
                if (Has(node, "signature") != Has(node, "key"))
                {
                    return Has(node, "key") ? Missing("signature", "signature: https://example.org/zig.tar.xz.minisig") : Missing("key", "key: keys/zig.pub");
                }

                return !Has(node, "sha256") ? Missing("sha256", "sha256: …, as `sha256sum` prints it")
                    : draft.Places.IsDefaultOrEmpty || draft.Sha256 is null ? null
                    : new ToolchainSource.Archive(draft.Places, draft.Sha256, draft.Strip, placement) { Signature = draft.Signature, Key = draft.Key };
            case "step":
                return new ToolchainSource.Step(draft.Step!, draft.Project, draft.From?.Trim('/') ?? "", placement);
            case "host":
                return draft.Paths.IsDefaultOrEmpty ? null : new ToolchainSource.Host([.. draft.Paths.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], draft.Programs);
            default:
                return new ToolchainSource.Dotnet(draft.Dotnet!, draft.Installed);
        }

        ToolchainSource? Missing(string key, string example)
        {
            binder.Diagnostics.Error(DiagnosticCodes.MissingKey, $"A toolchain of the kind `{kind}`{(key is "signature" or "key" ? $" with `{(key is "key" ? "signature" : "key")}`" : "")} needs the key `{key}`", place, $"Add `{example}`");
            return null;
        }
    }

    private static bool Has(Node node, string key)
    {
        foreach (var entry in ((MappingNode)node).Entries)
        {
            if (string.Equals(entry.Key.Text, key, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private sealed class Draft
    {
        public string? Debian { get; set; }

        public string? Image { get; set; }

        public ImmutableArray<string> Places { get; set; }

        public string? Step { get; set; }

        public ImmutableArray<string> Paths { get; set; }

        public string? Dotnet { get; set; }

        public ImmutableArray<string> Packages { get; set; }

        public bool Essential { get; set; } = true;

        public bool AllowExpired { get; set; }

        public string? Sha256 { get; set; }

        public string? Signature { get; set; }

        public string? Key { get; set; }

        public int Strip { get; set; }

        public string? Project { get; set; }

        public string? From { get; set; }

        public string? At { get; set; }

        public ImmutableArray<string> Programs { get; set; }

        public bool Installed { get; set; }

        /// <summary>The first key that was read of those that say what it is; null for none.</summary>
        public string? Kind => Debian is not null ? "debian" : Image is not null ? "oci" : !Places.IsDefault ? "archive" : Step is not null ? "step" : !Paths.IsDefault ? "host" : Dotnet is not null ? "dotnet" : null;
    }
}

/// <summary>The toolchains of a step, by their names.</summary>
internal sealed class ToolchainUseKind : Kind<ToolchainUse>
{
    private static readonly ListKind<ToolchainReference> List = new(new ReferenceKind(), "the name of a toolchain, `host`, or a list of names", "cc", allowEmpty: false);

    public override string Expected => List.Expected;

    public override string Example => List.Example!;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out ToolchainUse value)
    {
        value = null;
        if (!List.TryRead(binder, node, out var references) || references.IsEmpty)
        {
            return false;
        }

        for (var i = 1; i < references.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (references[i].Name == references[j].Name)
                {
                    return binder.Invalid(DiagnosticCodes.DuplicateName, $"`{references[i].Name}` stands here twice", references[i].Span, "Remove one of them");
                }
            }
        }

        foreach (var reference in references)
        {
            if (reference.IsHost && references.Length > 1)
            {
                return binder.Invalid(DiagnosticCodes.ToolchainHostJoined, $"`{Toolchain.Host}` stands for all programs of the machine, whose `/usr` would hide the others", reference.Span, "For a shell and the basic tools declare a toolchain `{ debian: bookworm, packages: [bash] }`; for folders of the machine one with `host: [/opt/…]`");
            }
        }

        value = new ToolchainUse(references);
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => List.WriteSchema(schema);

    private sealed class ReferenceKind : Kind<ToolchainReference>
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
}
