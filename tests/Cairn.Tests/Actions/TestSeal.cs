using Cairn.Core.Actions;
using Cairn.Store.Actions;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Actions;

/// <summary>Seals for tests: with a key of their own, or with others that are trusted for more or less.</summary>
internal static class TestSeal
{
    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static ExecutionDetails Details { get; } = new() { BuilderId = "https://cairn.build/builder/local/v1", Version = "1", Started = Now, Tier = "branch" };

    public static AttestedWork Sample { get; } = Of(Actions.Sample.Description, Actions.Sample.Result);

    public static AttestedWork Of(ActionDescription action, ActionResult result) => new(action, result with { Action = ActionEncoder.Encode(action).Digest }, [], Details);

    public static SigningKey Key(byte number) => SigningKey.FromSeed([.. Enumerable.Repeat(number, SigningKey.SeedBytes)]);

    /// <summary>A seal with the machine's own key.</summary>
    public static ResultSeal New() => New(Own(1));

    /// <summary>A seal that signs with key 1 and trusts these.</summary>
    public static ResultSeal New(params TrustedKey[] trusted) => New(Tier.Branch, trusted);

    /// <summary>The same for a run of a tier.</summary>
    public static ResultSeal New(Tier tier, params TrustedKey[] trusted) => new(new HitVerifier(new TrustSet([.. trusted]), tier), Key(1), verdicts: null, TimeProvider.System);

    /// <summary>The machine's own key.</summary>
    public static TrustedKey Own(byte number) => new() { Key = Key(number).PublicKey, Name = $"key{number}", IsOwn = true };
}
