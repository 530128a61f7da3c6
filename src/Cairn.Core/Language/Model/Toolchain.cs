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
    }
}

/// <summary>A toolchain where a step asks for it.</summary>
public sealed record ToolchainReference(string Name, SourceSpan Span)
{
    /// <summary>Whether the machine's own programs are meant.</summary>
    public bool IsHost => string.Equals(Name, Toolchain.Host, StringComparison.Ordinal);
}
