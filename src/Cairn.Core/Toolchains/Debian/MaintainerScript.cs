using System.Collections.Immutable;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>A link that stands for one of several programs, by way of <c>/etc/alternatives</c>.</summary>
/// <param name="Link">The link, absolute.</param>
/// <param name="Name">Its name in <c>/etc/alternatives</c>.</param>
/// <param name="Path">What it leads to.</param>
public sealed record AlternativeLink(string Link, string Name, string Path);

/// <summary>What a package offers for such a link.</summary>
/// <param name="Main">The link that is chosen.</param>
/// <param name="Priority">The higher is chosen.</param>
/// <param name="Followers">Links that go with it.</param>
public sealed record Alternative(AlternativeLink Main, int Priority, ImmutableArray<AlternativeLink> Followers);

/// <summary>What a package would do when it is configured.</summary>
/// <param name="Alternatives">Links that it registers.</param>
/// <param name="Effects">What else it does that a tree needs, in its order.</param>
/// <param name="Unhandled">What it does beyond that matters, and is not done.</param>
public sealed record MaintainerScript(ImmutableArray<Alternative> Alternatives, ImmutableArray<ScriptEffect> Effects, ImmutableArray<Unhandled> Unhandled)
{
    /// <summary>Looks at a script of a package. It is never run.</summary>
    public static MaintainerScript Read(string package, string script)
    {
        ArgumentNullException.ThrowIfNull(package);
        ArgumentNullException.ThrowIfNull(script);
        if (!script.StartsWith("#!", StringComparison.Ordinal))
        {
            return Refused("it is no script but a program");
        }

        var shell = script.AsSpan(2, Math.Max(0, script.IndexOf('\n', StringComparison.Ordinal) - 2)).Trim();
        var isShell = shell.Contains("sh", StringComparison.Ordinal);
        if (!isShell)
        {
            return PackageScripts.IsKnown(package, shell.ToString()) ? new MaintainerScript([], [], []) : Refused($"it is a script of {shell}");
        }

        try
        {
            var (commands, functions) = ShellCommands.Read(script);
            var meaning = new ScriptMeaning(package, functions);
            meaning.Run(commands, 0, commands.Count);
            return new MaintainerScript([.. meaning.Alternatives], [.. meaning.Effects], [.. meaning.Unhandled.Distinct()]);
        }
        catch (FormatException exception)
        {
            return Refused(exception.Message);
        }
    }

    private static MaintainerScript Refused(string reason) => new([], [], [new Unhandled(null, reason)]);
}
