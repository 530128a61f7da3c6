namespace Cairn.Core.Toolchains.Debian;

/// <summary>Something that a script of a package would do, and that is done natively in a tree.</summary>
public abstract record ScriptEffect
{
    private ScriptEffect()
    {
    }

    /// <summary>A configuration file begins as a copy of a template, as <c>ucf</c> does it.</summary>
    /// <param name="From">The template, absolute.</param>
    /// <param name="To">The file, absolute.</param>
    public sealed record Copied(string From, string To) : ScriptEffect;

    /// <summary>A file of other packages stands elsewhere, since this package has its own at the place.</summary>
    /// <param name="Path">The place, absolute.</param>
    /// <param name="To">Where the file of the others stands.</param>
    public sealed record Diverted(string Path, string To) : ScriptEffect;

    /// <summary>PHP loads an extension.</summary>
    /// <param name="Version">The version of PHP.</param>
    /// <param name="Interface">The one of PHP's programs that loads it, or <see cref="AllInterfaces"/>.</param>
    /// <param name="Name">The extension.</param>
    public sealed record PhpModule(string Version, string Interface, string Name) : ScriptEffect
    {
        /// <summary>All of PHP's programs.</summary>
        public const string AllInterfaces = "ALL";
    }

    /// <summary>Names of XML are looked up in a catalog.</summary>
    /// <param name="Kind"><c>public</c>, <c>system</c> or <c>uri</c>.</param>
    /// <param name="Start">What the names start with.</param>
    /// <param name="Package">Whose catalog has the entry, or what the root catalog leads to where <paramref name="Catalog"/> is null.</param>
    /// <param name="Catalog">The catalog, absolute.</param>
    public sealed record XmlEntry(string Kind, string Start, string Package, string? Catalog) : ScriptEffect;

    /// <summary>A parser of XML that Perl's programs can choose.</summary>
    /// <param name="Module">Its module.</param>
    /// <param name="Priority">The highest is the usual one.</param>
    public sealed record PerlSaxParser(string Module, int Priority) : ScriptEffect;

    /// <summary>Compilers have links of their names to ccache.</summary>
    public sealed record CompilerCache : ScriptEffect;

    /// <summary>A catalog of SGML takes in another.</summary>
    /// <param name="Catalog">The catalog, absolute.</param>
    /// <param name="Entry">The other, absolute.</param>
    public sealed record SgmlEntry(string Catalog, string Entry) : ScriptEffect;
}

/// <summary>Something that a script of a package would do, and that is not done. It is done in vain, and hence of no matter, where a file is missing.</summary>
/// <param name="Source">The file, absolute; null where it matters in any case.</param>
/// <param name="Finding"><c>line N: command</c>.</param>
public readonly record struct Unhandled(string? Source, string Finding);
