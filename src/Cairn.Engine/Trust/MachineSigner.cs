using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Keys;

namespace Cairn.Engine.Trust;

/// <summary>The key that signs for this machine, for what is no run.</summary>
public static class MachineSigner
{
    /// <summary>Opens the key that a run with the same request would sign with, the default one made where there is none. Null, with the reasons, where it cannot be had. Whoever gets it disposes of it.</summary>
    /// <param name="request">Where keys and state are, which key was chosen, and that key where it was opened already.</param>
    /// <param name="time">Tells whether the key is valid.</param>
    /// <param name="diagnostics">What is wrong with the trust store or the key.</param>
    /// <param name="sources">The text that <paramref name="diagnostics"/> are about.</param>
    public static ISigner? TryOpen(RunRequest request, TimeProvider time, out ImmutableArray<Diagnostic> diagnostics, out ImmutableDictionary<string, SourceText> sources)
    {
        ArgumentNullException.ThrowIfNull(request);
        var trust = RunTrust.Find(request, time);
        (diagnostics, sources) = (trust.Diagnostics, trust.Sources);
        if (trust.Refusal is not null)
        {
            return null;
        }

        if (trust.TryGetSigner(out var problem) is { } signer)
        {
            return signer;
        }

        diagnostics = diagnostics.Add(new Diagnostic(DiagnosticCodes.AttestKeyUnusable, DiagnosticSeverity.Error, $"The key `{trust.SignerName}` cannot sign: {problem}", SourceSpan.None));
        return null;
    }
}
