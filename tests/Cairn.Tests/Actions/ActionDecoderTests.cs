using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Protobuf;

namespace Cairn.Tests.Actions;

public sealed class ActionDecoderTests
{
    private static readonly EncodedAction Encoded = ActionEncoder.Encode(Sample.Description);

    [Fact]
    public void Encode_Puts_Names_In_Order_And_Refuses_Twins()
    {
        var shuffled = Sample.Description with { Environment = [.. Sample.Description.Environment.Reverse()], Platform = [.. Sample.Description.Platform.Reverse()] };
        Assert.Equal(Encoded.Digest, ActionEncoder.Encode(shuffled).Digest);
        Assert.Throws<ArgumentException>(() => ActionEncoder.Encode(Sample.Description with { Environment = [new("A", "1"), new("B", ""), new("A", "2")] }));
        Assert.Throws<ArgumentException>(() => ActionEncoder.Encode(Sample.Description with { Platform = [new("os", "linux"), new("os", "linux")] }));
    }

    [Fact]
    public void Encode_Sees_Every_Field()
    {
        var digests = new List<Digest>
        {
            Encoded.Digest,
            ActionEncoder.Encode(Sample.Description with { Arguments = ["sh"] }).Digest,
            ActionEncoder.Encode(Sample.Description with { Arguments = [.. Sample.Description.Arguments, ""] }).Digest,
            ActionEncoder.Encode(Sample.Description with { Environment = [] }).Digest,
            ActionEncoder.Encode(Sample.Description with { WorkingDirectory = "" }).Digest,
            ActionEncoder.Encode(Sample.Description with { Outputs = [.. Sample.Description.Outputs.Reverse()] }).Digest,
            ActionEncoder.Encode(Sample.Description with { Platform = [] }).Digest,
            ActionEncoder.Encode(Sample.Description with { InputRoot = Digest.Empty }).Digest,
        };
        Assert.Equal(digests.Count, digests.Distinct().Count());
    }

    [Fact]
    public void TryDecode_Says_What_Is_Missing()
    {
        var blobs = new Dictionary<Digest, ImmutableArray<byte>>();
        Assert.Null(ActionDecoder.TryDecode(Encoded.Digest, Read, out var error));
        Assert.Equal($"The action `{Encoded.Digest}` is not kept any more", error);
        blobs[Encoded.Digest] = Encoded.Action;
        Assert.Null(ActionDecoder.TryDecode(Encoded.Digest, Read, out error));
        Assert.Equal($"The command `{Encoded.CommandDigest}` is not kept any more", error);
        blobs[Encoded.CommandDigest] = Encoded.Command;
        Assert.NotNull(ActionDecoder.TryDecode(Encoded.Digest, Read, out error));
        Assert.Null(error);
        blobs[Encoded.CommandDigest] = [1];
        Assert.Null(ActionDecoder.TryDecode(Encoded.Digest, Read, out error));
        Assert.Equal("The command is not the one that the action names", error);

        ImmutableArray<byte>? Read(Digest digest) => blobs.TryGetValue(digest, out var bytes) ? bytes : null;
    }

    [Fact]
    public void TryDecode_Refuses_What_Is_No_Action()
    {
        Assert.Null(ActionDecoder.TryDecode([], [], out var error));
        Assert.Equal("The action names no command or no input root", error);
        Assert.Null(ActionDecoder.TryDecode([0xff], [], out error));
        Assert.Equal("The action has a number that does not end", error);
        Assert.Null(ActionDecoder.TryReadReferences(Encoded.Action.AsSpan()[1..]));
        Assert.Equal((Encoded.CommandDigest, Sample.Description.InputRoot), ActionDecoder.TryReadReferences(Encoded.Action.AsSpan()));
    }

    [Fact]
    public void TryDecode_Refuses_A_Result_That_Cannot_Be_Used()
    {
        var good = ActionResultEncoder.Encode(Sample.Result);
        Assert.NotNull(ActionResultDecoder.TryDecode(good, out _));
        (Action<ProtoWriter> Before, string Error)[] cases =
        [
            (writer => WriteOutput(writer, "../etc/passwd"), "The result has an output without a digest, or that is not in the project"),
            (writer => WriteOutput(writer, "/etc/passwd"), "The result has an output without a digest, or that is not in the project"),
            (writer => WriteOutput(writer, "z"), "The result has outputs out of order"),
            (writer => WriteOutput(writer, "build/current"), "The result has outputs out of order"),
            (writer => writer.WriteVarint(4, 1), "The result has an exit code, and only success is kept"),
            (writer => writer.WriteDigest(6, Digest.Empty), "The result has a field that stands twice"),
        ];
        foreach (var (before, expected) in cases)
        {
            var writer = new ProtoWriter();
            before(writer);
            Assert.Null(ActionResultDecoder.TryDecode([.. writer.Written, .. good], out var error));
            Assert.Equal(expected, error);
        }

        Assert.Null(ActionResultDecoder.TryDecode([], out var nothing));
        Assert.Equal("The result has nothing that tells of its execution", nothing);
        for (var length = 0; length < good.Length; length++)
        {
            // A cut may fall between two fields; then it is a shorter message, and never the same result.
            Assert.True(ActionResultDecoder.TryDecode(good.AsSpan(0, length), out _) is not { } cut || !ActionResultEncoder.Encode(cut).AsSpan().SequenceEqual(good));
        }
    }

    [Fact]
    public void Encode_Refuses_A_Result_That_Could_Not_Be_Read()
    {
        Assert.Throws<ArgumentException>(() => ActionResultEncoder.Encode(Sample.Result with { Outputs = [new("../a", Digest.Empty, Executable: false)] }));
        Assert.Throws<ArgumentException>(() => ActionResultEncoder.Encode(Sample.Result with { Outputs = [.. Sample.Result.Outputs.Reverse()] }));
    }

    private static void WriteOutput(ProtoWriter writer, string path)
    {
        var file = writer.Begin(2);
        writer.WriteText(1, path);
        writer.WriteDigest(2, Digest.Empty);
        writer.End(file);
    }
}
