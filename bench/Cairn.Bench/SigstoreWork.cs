using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Log;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Bench;

/// <summary>
/// Sigstore bundles of provenance as <c>cairn verify</c> takes them: read, the statement too, the signature checked, and of the log's entry what binds it, its promise, its way to the root and the
/// checkpoint. Of each three signatures are checked: that of the envelope, and two of the log, which are on P-256.
/// </summary>
internal sealed class SigstoreWork : IDisposable
{
    private const int Bundles = 64;
    private const int LogEntries = 4_096;
    private const string LogName = "log.example";

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    private readonly SigningKey _ed25519 = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static n => (byte)n)]);
    private readonly P256SigningKey _p256 = P256SigningKey.Create();
    private readonly AttestationJudge _judge;
    private readonly LogJudge _log;
    private readonly byte[][] _ofEd25519;
    private readonly byte[][] _ofP256;
    private int _next;

    public SigstoreWork()
    {
        var trusted = new TrustedKey { Key = _ed25519.PublicKey, Name = "bench" };
        _judge = new AttestationJudge(new TrustStore([trusted, new TrustedKey { Key = _p256.PublicKey, Name = "bench-p256" }], []), Now);
        var folder = Directory.CreateTempSubdirectory("cairn-bench-");
        try
        {
            using var log = LogFolder.Open(Path.Combine(folder.FullName, "log"), new LogKeys(Path.Combine(folder.FullName, "keys")), TimeProvider.System);
            log.Create(LogName, CancellationToken.None);
            using var logKey = log.Keys!.OpenOrCreateP256();
            var settings = log.Settings!;
            _log = new LogJudge(new LogTrust([new TrustedLog(settings.Origin, [.. settings.Keys.Select(static k => k.Key), NoteVerifier.Of(settings.Name, logKey.PublicKey)])], []), Now);
            var ofEd25519 = Enumerable.Range(0, Bundles).Select(i => Envelope.Sign(Envelope.InTotoType, Provenance(i), _ed25519)).Select(e => (Envelope: e, Entry: LogEntry.TryMake(e, _ed25519.PublicKey, out _)!)).ToArray();
            var ofP256 = Enumerable.Range(Bundles, Bundles).Select(i => SignWithP256(Provenance(i))).Select(e => (Envelope: e, Entry: EntryOf(e, _p256.PublicKey))).ToArray();
            var others = Enumerable.Range(0, LogEntries).Select(i => ofEd25519[0].Entry with { PayloadHash = Digest.Of(BitConverter.GetBytes(i)).Hash });
            _ = log.Append([.. ofEd25519.Concat(ofP256).Select(static e => e.Entry), .. others], CancellationToken.None);
            _ofEd25519 = [.. ofEd25519.Select(e => BundleOf(e.Envelope, e.Entry, _ed25519.PublicKey.Id))];
            _ofP256 = [.. ofP256.Select(e => BundleOf(e.Envelope, e.Entry, _p256.PublicKey.Id))];

            byte[] BundleOf(Envelope envelope, LogEntry entry, string hint) =>
                SigstoreWriter.Bundle(envelope, hint, entry.Encode(), Now, log.Prove(MerkleHash.Leaf(entry.Encode()))!, settings.Name, logKey);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Each kind of work, by its name.</summary>
    public ImmutableArray<(string Name, Action Once)> All =>
    [
        ("sigstore-ed25519", () => Verify(_ofEd25519)),
        ("sigstore-p256", () => Verify(_ofP256)),
        ("p256-verify", VerifyP256),
    ];

    public void Dispose()
    {
        _ed25519.Dispose();
        _p256.Dispose();
    }

    private void Verify(byte[][] bundles)
    {
        var file = AttestationFile.Read("bundle", bundles[_next++ % Bundles]);
        var judged = _judge.Judge(file.Found[0], static _ => null);
        if (!judged.Counts || _log.Judge([judged], [judged]) is not { Problem: null, Size: > LogEntries })
        {
            throw new InvalidOperationException($"The bundle does not verify: {judged.Problem ?? _log.Judge([judged], [judged])?.Problem}");
        }
    }

    private readonly byte[] _hash = SHA256.HashData("message"u8);
    private byte[]? _signature;

    private void VerifyP256()
    {
        _signature ??= _p256.Sign("message"u8);
        if (!_p256.PublicKey.VerifyHash(_hash, _signature))
        {
            throw new InvalidOperationException("What was signed does not verify");
        }
    }

    private Envelope SignWithP256(ImmutableArray<byte> payload) =>
        new(Envelope.InTotoType, payload, [new EnvelopeSignature("", [.. _p256.Sign(Envelope.PreAuthentication(Envelope.InTotoType, payload.AsSpan()))])]);

    /// <summary>The entry that others submit: Cairn signs nothing but tree heads with such keys.</summary>
    private static LogEntry EntryOf(Envelope envelope, P256Key key) => new()
    {
        EnvelopeHash = Hex.Lower(SHA256.HashData(envelope.ToJson())),
        PayloadHash = envelope.PayloadHash,
        Signature = envelope.Signatures[0].Bytes,
        Verifier = [.. Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", key.Spki.AsSpan()) + "\n")],
    };

    /// <summary>Provenance as builders of others write it.</summary>
    private static ImmutableArray<byte> Provenance(int number)
    {
        var hash = Digest.Of(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture))).Hash;
        return [.. Encoding.UTF8.GetBytes($$$$$"""
            {"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"app-{{{{{number}}}}}.tar.gz","digest":{"sha256":"{{{{{hash}}}}}"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"buildType":"https://example.org/build/v1","externalParameters":{"ref":"refs/tags/v1.{{{{{number}}}}}","repository":"https://example.org/app","workflow":".build/release.yaml"},"internalParameters":{"runner":"linux-x64"},"resolvedDependencies":[{"uri":"git+https://example.org/app@refs/tags/v1.{{{{{number}}}}}","digest":{"gitCommit":"{{{{{hash[..40]}}}}}"}}]},"runDetails":{"builder":{"id":"https://example.org/builder/v1"},"metadata":{"invocationId":"https://example.org/runs/{{{{{number}}}}}","startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T00:01:00Z"}}}}
            """)];
    }
}
