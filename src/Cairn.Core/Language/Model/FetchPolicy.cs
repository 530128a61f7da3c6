using Cairn.Core.Fetching;

namespace Cairn.Core.Language.Model;

/// <summary>What makes a step a fetch step: <c>uses: fetch</c>.</summary>
/// <param name="Hosts">What its command reaches.</param>
public sealed record FetchPolicy(HostRules Hosts)
{
    /// <summary>The word of the language.</summary>
    public const string Word = "fetch";
}
