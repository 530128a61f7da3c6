using Cairn.Core.Actions;
using Cairn.Core.Content;

namespace Cairn.Tests.Actions;

public sealed class ActionResultTests
{
    [Fact]
    public void TryDecode_Gives_Back_What_Was_Encoded()
    {
        AssertSame(Sample.Result);
        AssertSame(new ActionResult
        {
            Action = Digest.Of("x"u8),
            Resources = new(0, 0, 0, 0, 0, 0),
            Origin = new("", "", DateTimeOffset.UnixEpoch, "", ""),
        });
        AssertSame(Sample.Result with { Origin = Sample.Result.Origin with { Time = new DateTimeOffset(1969, 12, 31, 23, 59, 59, 1, TimeSpan.Zero) } });
    }

    private static void AssertSame(ActionResult result)
    {
        var bytes = ActionResultEncoder.Encode(result);
        var decoded = ActionResultDecoder.TryDecode(bytes, out var error);
        Assert.Null(error);
        Assert.NotNull(decoded);
        Assert.Equal(result.Outputs.AsEnumerable(), decoded.Outputs.AsEnumerable());
        Assert.Equal(result.StepOutputs.AsEnumerable(), decoded.StepOutputs.AsEnumerable());
        Assert.Equal(result.Tests?.FailedNames.AsEnumerable(), decoded.Tests?.FailedNames.AsEnumerable());
        Assert.Equal(
            result with { Outputs = [], StepOutputs = decoded.StepOutputs, Tests = null },
            decoded with { Outputs = [], Tests = null });
        Assert.Equal(bytes, ActionResultEncoder.Encode(decoded));
    }
}
