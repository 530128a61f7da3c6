using System.Text;

namespace Cairn.Trust.Statements;

/// <summary>Letters that people take for others. Not the whole table of UTS 39: Greek, Cyrillic and full-width letters that look Latin.</summary>
internal static class LookAlikes
{
    private const string Strange = "аеорсухіјѕԁһӏԛԝАВЕЗКМНОРСТУХІЈЅαορνκιτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ‐‑‒–—−․∕⁄";
    private const string Latin = "aeopcyxijsdhlqwABE3KMHOPCTYXIJSaopvkituxABEZHIKMNOPTYX------.//";

    private const char FullWidthFirst = '\uFF01';
    private const char FullWidthLast = '\uFF5E';

    /// <summary>What a name looks like: names with the same one can be taken for each other.</summary>
    public static string Skeleton(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            var at = c < 0x80 ? -1 : Strange.IndexOf(c, StringComparison.Ordinal);
            text.Append(at >= 0 ? Latin[at] : c is >= FullWidthFirst and <= FullWidthLast ? (char)(c - FullWidthFirst + '!') : c);
        }

        return text.ToString();
    }
}
