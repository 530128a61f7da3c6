using System.Collections.Immutable;
using System.Text;

namespace Cairn.Trust.Policies;

/// <summary>The policies that Cairn brings along, in the language of policies.</summary>
public static class PolicyLevels
{
    /// <summary>The level that is taken where none is asked for.</summary>
    public const string Default = "basic";

    private const string BasicText = """
        version: 1
        name: basic
        description: Somebody who is trusted signed it, and what it says of the run is that it went well
        not_checked: allow      # what others sign names no steps
        require:
          signatures: 1
          steps: ["*"]

        """;

    private const string StrictText = """
        version: 1
        name: strict
        description: Everything that went in is named by content, nothing else could come in, and it can be looked up
        not_checked: fail
        require:
          signatures: 1
          steps: ["*"]
          isolation: sandbox
          network: hosts        # what fetch steps bring is pinned in cairn.lock
          pinned: true
          log: true

        """;

    private static readonly Lazy<Policy> Basic = new(static () => Parse("basic", BasicText));
    private static readonly Lazy<Policy> Strict = new(static () => Parse("strict", StrictText));

    /// <summary>Their names.</summary>
    public static ImmutableArray<string> Names { get; } = ["basic", "strict"];

    /// <summary>A level by its name; null where there is none.</summary>
    public static Policy? Find(string name) => name switch
    {
        "basic" => Basic.Value,
        "strict" => Strict.Value,
        _ => null,
    };

    /// <summary>The text of a level; null where there is none.</summary>
    public static string? TextOf(string name) => name switch
    {
        "basic" => BasicText,
        "strict" => StrictText,
        _ => null,
    };

    private static Policy Parse(string name, string text) =>
        PolicyReader.Read(name, Encoding.UTF8.GetBytes(text)) is { Policy: { } policy } ? policy : throw new InvalidOperationException($"The level `{name}` has mistakes");
}
