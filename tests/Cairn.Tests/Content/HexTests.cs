using System.Text;

using Cairn.Core.Content;

namespace Cairn.Tests.Content;

public sealed class HexTests
{
    [Fact]
    public void IsLower_IsTrue_ForLowerCaseDigitsAlone()
    {
        for (var length = 0; length <= 17; length++)
        {
            var text = Enumerable.Repeat((byte)'7', length).ToArray();
            Assert.True(Hex.IsLower(text));
            for (var at = 0; at < length; at++)
            {
                for (var b = 0; b < 256; b++)
                {
                    text[at] = (byte)b;
                    Assert.Equal(char.IsAsciiHexDigitLower((char)b), Hex.IsLower(text));
                }

                text[at] = (byte)'f';
            }
        }
    }

    [Fact]
    public void Read_IsTheInverseOfLower()
    {
        var bytes = new byte[256];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(i * 37);
        }

        var read = new byte[bytes.Length];
        Hex.Read(Encoding.ASCII.GetBytes(Hex.Lower(bytes)), read);
        Assert.Equal(bytes, read);
    }
}
