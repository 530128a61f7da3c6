using Cairn.Core.Protobuf;

namespace Cairn.Tests.Protobuf;

public sealed class ProtoTests
{
    [Theory]
    [InlineData(1UL, "0801")]
    [InlineData(127UL, "087f")]
    [InlineData(128UL, "088001")]
    [InlineData(300UL, "08ac02")]
    [InlineData(ulong.MaxValue, "08ffffffffffffffffff01")]
    public void Varints_Are_As_Short_As_They_Can_Be(ulong value, string hex)
    {
        var writer = new ProtoWriter();
        writer.WriteVarint(1, value);
        Assert.Equal(hex, Convert.ToHexStringLower(writer.Written));
        var reader = new ProtoReader(writer.Written);
        Assert.True(reader.Next());
        Assert.Equal(value, reader.Varint());
        Assert.False(reader.Next());
        Assert.Null(reader.Error);
    }

    [Fact]
    public void Defaults_Are_Left_Out_And_Items_Are_Not()
    {
        var writer = new ProtoWriter();
        writer.WriteVarint(1, 0);
        writer.WriteBool(2, false);
        writer.WriteDouble(3, 0);
        writer.WriteText(4, "");
        writer.WriteBytes(5, []);
        Assert.Equal(0, writer.Written.Length);
        writer.WriteTextItem(6, "");
        writer.End(writer.Begin(7));
        Assert.Equal("32003a00", Convert.ToHexStringLower(writer.Written));
        writer.WriteDouble(1, -0.0);
        Assert.Equal("32003a00" + "090000000000000080", Convert.ToHexStringLower(writer.Written));
    }

    [Fact]
    public void Messages_Within_Messages_Have_The_Length_They_Have()
    {
        foreach (var length in (int[])[0, 1, 126, 127, 128, 129, 5_000, 16_383, 16_384, 100_000, 2_200_000])
        {
            var text = new string('x', length);
            var writer = new ProtoWriter();
            var outer = writer.Begin(100);
            var inner = writer.Begin(1);
            writer.WriteText(1, text);
            writer.End(inner);
            writer.WriteText(2, text);
            writer.End(outer);
            writer.WriteBool(200, true);

            var reader = new ProtoReader(writer.Written);
            Assert.True(reader.Next());
            Assert.Equal(100, reader.Field);
            var message = new ProtoReader(reader.Bytes());
            Assert.True(message.Next());
            var innermost = new ProtoReader(message.Bytes());
            Assert.Equal(length > 0, innermost.Next());
            Assert.Equal(text, length > 0 ? innermost.Text() : "");
            Assert.Equal(length > 0, message.Next());
            Assert.Equal(text, length > 0 ? message.Text() : "");
            Assert.True(reader.Next());
            Assert.True(reader.Bool());
            Assert.False(reader.Next());
            Assert.Null(reader.Error ?? message.Error ?? innermost.Error);
        }
    }

    [Theory]
    [InlineData("08", "a number that does not end")]
    [InlineData("0880", "a number that does not end")]
    [InlineData("08ffffffffffffffffff02", "a number that does not end")]
    [InlineData("08ffffffffffffffffffff01", "a number that does not end")]
    [InlineData("08010802", "a field that stands twice")]
    [InlineData("0a0161", "a value of another type")]
    [InlineData("0d00000000", "a value of another type")]
    [InlineData("0b", "a value of an unknown layout")]
    [InlineData("0f", "a value of an unknown layout")]
    [InlineData("00", "a field number that there is not")]
    [InlineData("808080801000", "a field number that there is not")]
    [InlineData("1203", "an end in the middle of a value")]
    [InlineData("12ffffffffffffffffff0161", "an end in the middle of a value")]
    [InlineData("12ffffffff0761", "an end in the middle of a value")]
    [InlineData("1d0000", "an end in the middle of a value")]
    [InlineData("1900000000000000", "an end in the middle of a value")]
    [InlineData("2201ff", "a text that is not UTF-8")]
    [InlineData("2203eda080", "a text that is not UTF-8")]
    public void Bad_Bytes_End_The_Reading(string hex, string error)
    {
        var reader = new ProtoReader(Convert.FromHexString(hex));
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    reader.Varint();
                    break;
                case 4:
                    reader.Text();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        Assert.Equal(error, reader.Error);
        Assert.False(reader.Next());
        reader.Fail("something else");
        Assert.Equal(error, reader.Error);
    }

    [Fact]
    public void Unknown_Fields_Of_Every_Layout_Are_Skipped()
    {
        var reader = new ProtoReader(Convert.FromHexString("9a0602aabb" + "a006ac02" + "a1060102030405060708" + "a50601020304" + "0805"));
        var value = 0UL;
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                value = reader.Varint();
            }
            else
            {
                reader.Skip();
            }
        }

        Assert.Null(reader.Error);
        Assert.Equal(5UL, value);
    }

    [Theory]
    [InlineData(true, "0a40", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "")]
    [InlineData(true, "0a40", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "10ffffffffffffffff7f")]
    [InlineData(false, "0a40", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "10ffffffffffffffffff01")]
    [InlineData(false, "0a40", "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "")]
    [InlineData(false, "0a40", "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "")]
    [InlineData(false, "0a3f", "3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "")]
    [InlineData(false, "", "", "1005")]
    public void A_Digest_Is_64_LowerCase_Digits_And_A_Size(bool isGood, string tag, string hash, string size)
    {
        byte[] message = [.. Convert.FromHexString(tag), .. System.Text.Encoding.ASCII.GetBytes(hash), .. Convert.FromHexString(size)];
        var writer = new ProtoWriter();
        writer.WriteBytes(1, message);
        var reader = new ProtoReader(writer.Written);
        Assert.True(reader.Next());
        var digest = reader.Digest();
        Assert.Equal(isGood, reader.Error is null);
        Assert.Equal(isGood ? hash : "", isGood ? digest.Hash : "");
        if (isGood)
        {
            writer.Clear();
            writer.WriteDigest(1, digest);
            Assert.Equal(message, writer.Written[2..].ToArray());
        }
    }

    [Fact]
    public void A_Text_Without_Utf8_Form_Is_Not_Written() => Assert.ThrowsAny<ArgumentException>(() => new ProtoWriter().WriteText(1, "a" + (char)0xdc00));
}
