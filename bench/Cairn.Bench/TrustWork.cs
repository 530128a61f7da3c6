using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Store.Actions;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Bench;

/// <summary>What is done for each result of a run: the signature alone, and all that stands around it.</summary>
internal sealed class TrustWork : IDisposable
{
    // As long as the signed part of a step's attestation, about.
    private const int MessageBytes = 2_048;

    private readonly SigningKey _key = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static n => (byte)n)]);
    private readonly byte[] _message = new byte[MessageBytes];
    private readonly byte[] _signature;
    private readonly ResultSeal _seal;
    private readonly AttestedWork _work;
    private readonly byte[] _entry;

    public TrustWork()
    {
        _signature = _key.Sign(_message);
        var trust = new TrustSet([new TrustedKey { Key = _key.PublicKey, Name = "bench", IsOwn = true }]);
        _seal = new ResultSeal(new HitVerifier(trust, Tier.Branch), _key, verdicts: null, TimeProvider.System);
        _work = Work();
        _entry = _seal.Seal(_work).Entry;
    }

    /// <summary>Each kind of work, by its name.</summary>
    public ImmutableArray<(string Name, Action Once)> All =>
    [
        ("sign", () => _ = _key.Sign(_message)),
        ("verify", () => Hold(_key.PublicKey.Verify(_message, _signature))),
        ("attest", () => _ = _seal.Seal(_work)),
        ("verify-hit", () => Hold(_seal.TryOpen(_entry, _work.Result.Action, out _) is not null)),
    ];

    public void Dispose() => _key.Dispose();

    private static void Hold(bool fits)
    {
        if (!fits)
        {
            throw new InvalidOperationException("What was signed does not verify");
        }
    }

    private static AttestedWork Work()
    {
        var action = new ActionDescription
        {
            Arguments = ["/bin/sh", "-eu", "-c", "cc -O2 -Iinclude -c -o build/main.o src/main.c\ncc -o build/main build/main.o\n"],
            Environment = [new("CFLAGS", "-O2"), new("HOME", "/home/build"), new("LANG", "C.UTF-8"), new("PATH", "/usr/bin:/bin")],
            Outputs = ["build/main", "build/main.o"],
            Platform = [new("arch", "x86_64"), new("isolation", "sandbox"), new("network", "none"), new("os", "linux"), new("toolchain", Digest.Of("tree"u8).ToString())],
            InputRoot = Digest.Of("inputs"u8),
        };
        var result = new ActionResult
        {
            Action = ActionEncoder.Encode(action).Digest,
            Outputs = [new OutputFile("build/main", Digest.Of("program"u8), Executable: true), new OutputFile("build/main.o", Digest.Of("object"u8), Executable: false)],
            Log = Digest.Of("log"u8),
            LogIndex = Digest.Of("index"u8),
            Resources = new ResourceUse(120, 80, 20, 30_000, 0, 64),
            Origin = new ActionOrigin("20260101-000000-abcdef", "build", DateTimeOffset.UnixEpoch, "host", "/src/project"),
        };
        return new AttestedWork(action, result, [], new ExecutionDetails { BuilderId = "https://cairn.build/builder/local/v1", Version = "1", Started = DateTimeOffset.UnixEpoch, Tier = "branch" });
    }
}
