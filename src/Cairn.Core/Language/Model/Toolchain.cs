using System.Buffers;
using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Language.Model;

/// <summary>The programs that steps are given in their sandbox instead of the machine's.</summary>
/// <param name="Name">The name by which steps ask for it.</param>
/// <param name="Source">Where it is from.</param>
/// <param name="Span">Where it is declared.</param>
public sealed record Toolchain(string Name, ToolchainSource Source, SourceSpan Span)
{
    /// <summary>The word that a step writes for the machine's own programs.</summary>
    public const string Host = "host";
}

/// <summary>Where a toolchain is from.</summary>
public abstract record ToolchainSource
{
    private ToolchainSource()
    {
    }

    /// <summary>The key that says so in a pipeline: <c>debian</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Packages of a Debian archive.</summary>
    /// <param name="Suite">The suite, <c>bookworm</c>; its updates and security updates join it.</param>
    /// <param name="Packages">The packages, sorted; what they need comes with them.</param>
    /// <param name="Essential">Whether the packages come along that all others rely on without saying so: the shell and the basic tools.</param>
    /// <param name="AllowExpired">Whether a release past its last day will do.</param>
    public sealed record Debian(string Suite, ImmutableArray<string> Packages, bool Essential, bool AllowExpired) : ToolchainSource
    {
        // What these mean changes, and with it what a lock would be made from.
        private static readonly string[] Moving = ["stable", "oldstable", "oldoldstable", "testing", "unstable"];
        private static readonly SearchValues<char> SuiteCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

        /// <summary>Whether a text is the name of a suite that another one has from one year to the next.</summary>
        public static bool IsMoving(string suite) => Array.IndexOf(Moving, suite) >= 0;

        /// <summary>Whether a text can be the name that a suite has for good.</summary>
        public static bool IsSuite(string suite)
        {
            ArgumentNullException.ThrowIfNull(suite);
            return suite.Length > 0 && char.IsAsciiLetterLower(suite[0]) && !suite.AsSpan().ContainsAnyExcept(SuiteCharacters) && !IsMoving(suite);
        }

        /// <inheritdoc/>
        public override string Kind => "debian";
    }

    /// <summary>The files of an image, of a registry or of an OCI layout on the disk.</summary>
    /// <param name="Image">As it was written: <c>docker.io/library/debian:bookworm</c>, <c>./image</c>.</param>
    public sealed record Oci(string Image) : ToolchainSource
    {
        /// <inheritdoc/>
        public override string Kind => "oci";
    }

    /// <summary>An archive of files.</summary>
    /// <param name="Places">Where it can be had, each an address or a path below the project: all of them are the same bytes.</param>
    /// <param name="Sha256">The hash of the bytes, in lower-case hexadecimal.</param>
    /// <param name="Strip">How many folders are taken off the beginning of each path.</param>
    /// <param name="Placement">Where the files stand.</param>
    public sealed record Archive(ImmutableArray<string> Places, string Sha256, int Strip, ToolchainPlacement Placement) : ToolchainSource
    {
        /// <inheritdoc/>
        public override string Kind => "archive";

        /// <summary>Where the signature can be had that vouches for the bytes; null for none.</summary>
        public string? Signature { get; init; }

        /// <summary>The key that makes such signatures: a file below the project, or the text of a minisign key.</summary>
        public string? Key { get; init; }

        /// <inheritdoc/>
        public bool Equals(Archive? other) =>
            other is not null && Places.AsSpan().SequenceEqual(other.Places.AsSpan()) && Sha256 == other.Sha256 && Strip == other.Strip && Placement == other.Placement && Signature == other.Signature && Key == other.Key;

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Sha256, Strip, Placement);
    }

    /// <summary>What a step left behind.</summary>
    /// <param name="Name">The step.</param>
    /// <param name="Project">The folder of the project whose step it is, as it last ran there; null for a step of the same pipeline, which runs before.</param>
    /// <param name="From">The folder of its outputs that is meant; empty for all of them.</param>
    /// <param name="Placement">Where the files stand.</param>
    public sealed record Step(string Name, string? Project, string From, ToolchainPlacement Placement) : ToolchainSource
    {
        /// <inheritdoc/>
        public override string Kind => "step";
    }

    /// <summary>Folders and files of the machine, which stand where they do there.</summary>
    /// <param name="Paths">Absolute paths, sorted.</param>
    /// <param name="Programs">Patterns of programs in them that a shell finds; default for none.</param>
    public sealed record Host(ImmutableArray<string> Paths, ImmutableArray<string> Programs) : ToolchainSource
    {
        /// <inheritdoc/>
        public override string Kind => "host";
    }

    /// <summary>An SDK of .NET.</summary>
    /// <param name="Version">Its version, or the beginning of one up to a dot: the newest of these.</param>
    /// <param name="Installed">Whether the machine's own is meant; else the published archive.</param>
    public sealed record Dotnet(string Version, bool Installed) : ToolchainSource
    {
        /// <inheritdoc/>
        public override string Kind => "dotnet";
    }
}

/// <summary>Where the files of a toolchain stand in the root of a sandbox.</summary>
/// <param name="At">The folder, without a slash at its beginning: <c>opt/zig</c>; empty for the root, null for <c>opt/</c> and the toolchain's name.</param>
/// <param name="Programs">Patterns, below the folder, of programs that are linked into <c>/usr/local/bin</c>; default for <c>bin/*</c> where that is not on the way of a shell anyway.</param>
public sealed record ToolchainPlacement(string? At, ImmutableArray<string> Programs)
{
    /// <summary>What is linked where nothing is said.</summary>
    public const string UsualPrograms = "bin/*";

    /// <summary>The folder of a toolchain of a name.</summary>
    public string FolderOf(string name) => At ?? $"opt/{name}";

    /// <summary>The patterns of programs of a toolchain of a name.</summary>
    public ImmutableArray<string> ProgramsOf(string name) => !Programs.IsDefault ? Programs : FolderOf(name) is "" or "usr" or "usr/local" ? [] : [UsualPrograms];

    /// <inheritdoc/>
    public bool Equals(ToolchainPlacement? other) => other is not null && At == other.At && Programs.IsDefault == other.Programs.IsDefault && (Programs.IsDefault || Programs.AsSpan().SequenceEqual(other.Programs.AsSpan()));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(At, Programs.IsDefault ? -1 : Programs.Length);
}

/// <summary>A toolchain where a step asks for it.</summary>
public sealed record ToolchainReference(string Name, SourceSpan Span)
{
    /// <summary>Whether the machine's own programs are meant.</summary>
    public bool IsHost => string.Equals(Name, Toolchain.Host, StringComparison.Ordinal);
}

/// <summary>The toolchains that a step asks for: their files are united, and no two of them may have another one at the same path.</summary>
/// <param name="References">At least one, each of another name, in the order in which they were written; <c>host</c> stands alone.</param>
public sealed record ToolchainUse(ImmutableArray<ToolchainReference> References)
{
    /// <summary>Whether the machine's own programs are meant.</summary>
    public bool IsHost => References is [{ IsHost: true }];

    /// <summary>Where it is asked for.</summary>
    public SourceSpan Span => References[0].Span;

    /// <inheritdoc/>
    public bool Equals(ToolchainUse? other) => other is not null && References.AsSpan().SequenceEqual(other.References.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(References.Length, References[0]);

    /// <summary>As it would be written.</summary>
    public override string ToString() => References is [var only] ? only.Name : $"[{string.Join(", ", References.Select(static r => r.Name))}]";
}
