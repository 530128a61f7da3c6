using System.Text;

using Cairn.Trust.Json;

namespace Cairn.Tests.Trust;

public sealed class SignedJsonTests
{
    private static string Canonical(string json)
    {
        var value = StrictJson.TryRead(Encoding.UTF8.GetBytes(json), out var problem);
        Assert.True(value is not null, problem);
        return Encoding.UTF8.GetString(CanonicalJson.Write(value));
    }

    // RFC 8785, sections 3.2.2 and 3.2.3: what JavaScript's JSON.stringify writes, members sorted by UTF-16.
    [Theory]
    [InlineData("""{ "b" : 1 , "a" : [ true , false , null ] }""", """{"a":[true,false,null],"b":1}""")]
    [InlineData("""{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}""",
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}")]
    [InlineData(""" "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/" """, "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"")]
    [InlineData("\"\\u00a0\\u2028\\u007f\\b\\t\\f\\u0000<>&+\"", "\"\u00a0\u2028\u007f\\b\\t\\f\\u0000<>&+\"")]
    [InlineData("[-9007199254740991,0,9007199254740991]", "[-9007199254740991,0,9007199254740991]")]
    public void Write_IsThatOfTheRfc(string json, string canonical)
    {
        Assert.Equal(canonical, Canonical(json));
        Assert.Equal(canonical, Canonical(canonical));
    }

    [Theory]
    [InlineData("""{"a":1,"a":1}""", "stands twice")]
    [InlineData("""{"a":1,"\u0061":2}""", "stands twice")]
    [InlineData("1.0", "not whole")]
    [InlineData("1e3", "not whole")]
    [InlineData("-0", "beyond")]
    [InlineData("9007199254740992", "beyond")]
    [InlineData("\"\\ud800\"", "surrogate")]
    [InlineData("{} {}", "no JSON")]
    [InlineData("[1,]", "no JSON")]
    [InlineData("{} // comment", "no JSON")]
    [InlineData("\uFEFF{}", "no JSON")]
    [InlineData("", "no JSON")]
    [InlineData("{", "no JSON")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "nested")]
    public void TryRead_RefusesWhatTwoReadersUnderstandDifferently(string json, string why)
    {
        Assert.Null(StrictJson.TryRead(Encoding.UTF8.GetBytes(json), out var problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_RefusesBytesThatAreNoUtf8() => Assert.Null(StrictJson.TryRead([(byte)'"', 0xC0, 0xAF, (byte)'"'], out _));

    [Theory]
    [InlineData("QQ==", true)]
    [InlineData("QR==", false)]
    [InlineData("QUI=", true)]
    [InlineData("QUJ=", false)]
    [InlineData("QUJD", true)]
    [InlineData("", true)]
    [InlineData("QQ", false)]
    [InlineData("Q Q=", false)]
    [InlineData("QUJD\n", false)]
    [InlineData("_-==", false)]
    [InlineData("====", false)]
    public void Base64_HasOneTextForEachSequence(string text, bool isGood) => Assert.Equal(isGood, StrictBase64.TryRead(text) is not null);

    [Fact]
    public void Base64_ReadsWhatIsWritten()
    {
        for (var length = 0; length < 40; length++)
        {
            var bytes = Enumerable.Range(0, length).Select(i => (byte)(i * 77)).ToArray();
            Assert.Equal(bytes, StrictBase64.TryRead(Convert.ToBase64String(bytes))!.Value);
            Assert.Equal(bytes, StrictBase64.TryReadEither(Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_'))!.Value);
        }
    }
}
