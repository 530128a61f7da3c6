using System.Collections.Immutable;

namespace Cairn.Trust.Verification.Reading;

/// <summary>What a trust store's file says.</summary>
/// <param name="Store">Whom to believe.</param>
/// <param name="SignWith">The name of the key that signs on this machine where the command line names no other; null for the default one.</param>
/// <param name="Listed">The names of the keys that have an entry of their own, and are not there by a rotation alone.</param>
public sealed record TrustFile(TrustStore Store, string? SignWith, ImmutableArray<string> Listed)
{
    /// <summary>What holds where there is no file.</summary>
    public static TrustFile None { get; } = new(TrustStore.Empty, null, []);
}
