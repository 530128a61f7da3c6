using Cairn.Core.Events;
using Cairn.Core.Planning;

namespace Cairn.Engine.Caching;

/// <content>What a run tells of its signatures.</content>
internal sealed partial class RunCache
{
    private int _recalled;

    /// <summary>How the run came to trust what it took from the cache; null where it took nothing, and refused nothing.</summary>
    public VerificationCompleted? Verification()
    {
        var (verified, remembered, refused) = _actions.IsValueCreated ? _trust.Seal.Counts : default;
        return verified + remembered + refused + _recalled == 0
            ? null
            : new VerificationCompleted { Time = _reporter.Now, Verified = verified, Remembered = remembered, Recalled = _recalled, Refused = refused };
    }

    private void TellSigned(Job job, string statement) =>
        _reporter.Emit(new SignatureCreated { Time = _reporter.Now, Subject = SignedSubject.Action, Job = job.Id.Value, Statement = statement, Key = _trust.Seal.KeyId });
}
