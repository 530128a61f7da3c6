using System.Text;

namespace Cairn.Core.Sbom;

/// <summary>A licence in the words of SPDX, or the text of its author where these are not SPDX's.</summary>
/// <param name="Text">The expression, its names as the list has them; or the text.</param>
/// <param name="IsSpdx">Whether it is an expression of SPDX.</param>
/// <param name="IsSingle">Whether it is one name of the list.</param>
public sealed record LicenseExpression(string Text, bool IsSpdx, bool IsSingle)
{
    private const int CharsMax = 1_024;
    private const int DepthMax = 16;

    /// <summary>Reads what a package says of its licence.</summary>
    public static LicenseExpression Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        if (trimmed.Length is > 0 and <= CharsMax)
        {
            if (SpdxLicenses.Find(trimmed) is { } name && !SpdxLicenses.IsException(name))
            {
                return new LicenseExpression(name, IsSpdx: true, IsSingle: true);
            }

            // As Cargo had it before there were expressions.
            var reader = new Reader(trimmed.Contains(' ', StringComparison.Ordinal) ? trimmed : trimmed.Replace("/", " OR ", StringComparison.Ordinal));
            if (reader.TryRead(out var expression))
            {
                return new LicenseExpression(expression, IsSpdx: true, IsSingle: false);
            }
        }

        return new LicenseExpression(trimmed, IsSpdx: false, IsSingle: false);
    }

    private sealed class Reader(string text)
    {
        private readonly string[] _tokens = text.Replace("(", " ( ", StringComparison.Ordinal).Replace(")", " ) ", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        private readonly StringBuilder _written = new();
        private int _at;

        private string? Next => _at < _tokens.Length ? _tokens[_at] : null;

        public bool TryRead(out string expression)
        {
            var isRead = Any(0) && _at == _tokens.Length;
            expression = _written.ToString();
            return isRead;
        }

        private bool Any(int depth)
        {
            if (depth > DepthMax || !One(depth))
            {
                return false;
            }

            while (Next?.ToUpperInvariant() is "AND" or "OR")
            {
                _written.Append(' ').Append(_tokens[_at++].ToUpperInvariant()).Append(' ');
                if (!One(depth))
                {
                    return false;
                }
            }

            return true;
        }

        private bool One(int depth)
        {
            if (Next == "(")
            {
                _at++;
                _written.Append('(');
                if (!Any(depth + 1) || Next != ")")
                {
                    return false;
                }

                _at++;
                _written.Append(')');
                return true;
            }

            if (!Name(_at++, isException: false))
            {
                return false;
            }

            if (Next?.ToUpperInvariant() is not "WITH")
            {
                return true;
            }

            _at++;
            _written.Append(" WITH ");
            return Name(_at++, isException: true);
        }

        private bool Name(int index, bool isException)
        {
            if (index >= _tokens.Length)
            {
                return false;
            }

            var token = _tokens[index];
            var later = token.EndsWith('+') && SpdxLicenses.Find(token) is null;
            if (SpdxLicenses.Find(later ? token[..^1] : token) is not { } name || SpdxLicenses.IsException(name) != isException || (later && isException))
            {
                return false;
            }

            _written.Append(name).Append(later ? "+" : "");
            return true;
        }
    }
}
