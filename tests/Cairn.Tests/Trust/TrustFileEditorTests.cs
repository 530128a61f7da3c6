using Cairn.Core.Syntax;
using Cairn.Trust.Verification.Editing;

using static Cairn.Tests.Trust.TrustTesting;

namespace Cairn.Tests.Trust;

public sealed class TrustFileEditorTests
{
    private const string Commented = """
        # Team
        version: 1   # one

        keys:
          # Anna's laptop
          anna:
            public: AAAA    # not hers
            owner: "Anna"

          # Bert
          bert: { public: BBBB }
        # the end

        """;

    private static TrustEdit Add(string text) => TrustFileEditor.AddKey(new SourceText("trust.yaml", text), "new", [new("public", "CCCC"), new("owner", "Carla")]);

    [Fact]
    public void AddKey_AddsLines_AndNothingElseChanges() =>
        Assert.Equal(Commented.Replace("  bert: { public: BBBB }\n", "  bert: { public: BBBB }\n  new:\n    public: CCCC\n    owner: Carla\n", StringComparison.Ordinal), Add(Commented).Text);

    [Theory]
    [InlineData("version: 1\n", "version: 1\nkeys:\n  new:\n    public: CCCC\n    owner: Carla\n")]
    [InlineData("version: 1", "version: 1\nkeys:\n  new:\n    public: CCCC\n    owner: Carla\n")]
    [InlineData("keys:\nversion: 1\n", "keys:\n  new:\n    public: CCCC\n    owner: Carla\nversion: 1\n")]
    [InlineData("keys: {} # none\nversion: 1\n", "keys: # none\n  new:\n    public: CCCC\n    owner: Carla\nversion: 1\n")]
    [InlineData("keys:\n    a:\n        public: |\n            X\n            Y\n\nversion: 1\n", "keys:\n    a:\n        public: |\n            X\n            Y\n    new:\n      public: CCCC\n      owner: Carla\n\nversion: 1\n")]
    [InlineData("version: 1\r\nkeys:\r\n  a: {}\r\n", "version: 1\r\nkeys:\r\n  a: {}\r\n  new:\r\n    public: CCCC\r\n    owner: Carla\r\n")]
    public void AddKey_FitsHowTheFileIsWritten(string before, string after) => Assert.Equal(after, Add(before).Text);

    [Theory]
    [InlineData("{ version: 1 }", "JSON")]
    [InlineData("version: 1\nkeys: { a: { public: X } }\n", "cannot be edited safely")]
    [InlineData("version: 1\nkeys: &k\n  a: { public: X }\nother: *k\n", "cannot be edited safely")]
    [InlineData("version: [", "mistakes")]
    public void AddKey_RefusesWhatIsNotSafe(string before, string why)
    {
        var edit = Add(before);
        Assert.Null(edit.Text);
        Assert.Contains(why, edit.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void SetMember_SetsInBlocksAndBraces()
    {
        Assert.Equal(Commented.Replace("owner: \"Anna\"\n", "owner: \"Anna\"\n    until: 2027-01-01\n", StringComparison.Ordinal), Set(Commented, "anna", "until", "2027-01-01"));
        Assert.Equal(Commented.Replace("{ public: BBBB }", "{ public: BBBB, until: 2027-01-01 }", StringComparison.Ordinal), Set(Commented, "bert", "until", "2027-01-01"));
        Assert.Equal(Commented.Replace("\"Anna\"", "Eve", StringComparison.Ordinal), Set(Commented, "anna", "owner", "Eve"));
        Assert.Equal("keys:\n  a:\n    revoked: { since: 2027-01-01 }\n    owner: x\n", Set("keys:\n  a:\n    revoked:\n      since: 2026-01-01\n      reason: lost\n    owner: x\n", "a", "revoked", "{ since: 2027-01-01 }"));
        Assert.Null(Set(Commented, "carla", "until", "2027-01-01"));
    }

    [Fact]
    public void RemoveKey_KeepsTheCommentsOfOthers()
    {
        Assert.Equal(Commented.Replace("  anna:\n    public: AAAA    # not hers\n    owner: \"Anna\"\n", "", StringComparison.Ordinal), Remove(Commented, "anna"));
        Assert.Equal(Commented.Replace("  bert: { public: BBBB }\n", "", StringComparison.Ordinal), Remove(Commented, "bert"));
        Assert.Equal("keys:\n", Remove("keys:\n  a: { public: X }\n", "a"));
        Assert.Equal("keys:\n", Remove("keys:\n  a: { public: X }", "a"));
        Assert.Null(Remove("keys: { a: { public: X } }\n", "a"));
    }

    [Theory]
    [InlineData("version: 1\n", "version: 1\nrotations:\n  - file:x\n")]
    [InlineData("rotations:\n- file:a   # first\nversion: 1\n", "rotations:\n- file:a   # first\n- file:x\nversion: 1\n")]
    [InlineData("rotations: [file:a]\n", "rotations: [file:a, file:x]\n")]
    [InlineData("rotations: []\n", "rotations:\n  - file:x\n")]
    public void AddRotation_Adds(string before, string after) => Assert.Equal(after, TrustFileEditor.AddRotation(new SourceText("trust.yaml", before), "file:x").Text);

    [Fact]
    public void Scalar_IsReadAsItWas()
    {
        foreach (var text in (string[])["plain", "true", "null", "1", "0x1F", "1e5", "a: b", "a #b", "\"quoted\"", "back\\slash", "https://example.org/x", "ü", "line\nbreak", "", " ", "-", "MCowBQYDK2VwAyEA+/=", "2026-11-21", "[x]", "a,b", "beef"])
        {
            var (file, mistakes) = Read($"version: 1\nkeys: {{ a: {{ public: {Base64(1)}, owner: {TrustFileEditor.Scalar(text)} }} }}");
            Assert.True(text.Length == 0 ? file is null : file is not null && file.Store.Keys[0].Owner == text, $"{text}: {string.Join('\n', mistakes)}");
        }
    }

    private static string? Set(string text, string name, string member, string value) => TrustFileEditor.SetMember(new SourceText("trust.yaml", text), name, member, value).Text;

    private static string? Remove(string text, string name) => TrustFileEditor.RemoveKey(new SourceText("trust.yaml", text), name).Text;
}
