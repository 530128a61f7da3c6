using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Syntax;

using static Cairn.Tests.Expressions.Evaluating;

namespace Cairn.Tests.Expressions;

public sealed class ExpressionTests
{
    [Theory]
    // Literals
    [InlineData("null", "null")]
    [InlineData("true", "true")]
    [InlineData("42", "42")]
    [InlineData("0x1F", "31")]
    [InlineData("1.5e3", "1500")]
    [InlineData("0.1 + 0.2", "0.30000000000000004")]
    [InlineData("1e21", "1E+21")]
    [InlineData("-0", "0")]
    [InlineData("9007199254740992", "9007199254740992")]
    [InlineData("'it''s'", "\"it's\"")]
    [InlineData("''", "\"\"")]
    [InlineData("\"a\\n\\u0041\\\"\"", "\"a\\nA\\\"\"")]
    [InlineData("[1, 'a', [], ]", "[1,\"a\",[]]")]
    // Members
    [InlineData("params.text", "\"a b\"")]
    [InlineData("params['text']", "\"a b\"")]
    [InlineData("params.map.a-b", "1")]
    [InlineData("params.count -1", "2")]
    [InlineData("params.count-1", "null")]
    [InlineData("steps.build-it.outputs.v", "\"1.2\"")]
    [InlineData("steps.3d.status", "\"failed\"")]
    [InlineData("steps['a.b'].status", "\"skipped\"")]
    [InlineData("params.list[0]", "\"x\"")]
    [InlineData("params.list[-1]", "null")]
    [InlineData("params.list[4]", "null")]
    [InlineData("params.list[9e99]", "null")]
    [InlineData("params.missing.deeper[0]['x']", "null")]
    [InlineData("params . map\n. c [ 'd' ]", "\"deep\"")]
    [InlineData("params[format('te{0}', 'xt')]", "\"a b\"")]
    [InlineData("fromJson('{\"a\":[10,20]}').a[1]", "20")]
    [InlineData("['a', 'b'][1]", "\"b\"")]
    // Operators
    [InlineData("1 + 2 * 3 - 4 / 2", "5")]
    [InlineData("(1 + 2) * 3", "9")]
    [InlineData("10 - 3 - 2", "5")]
    [InlineData("7 % 4 * 2", "6")]
    [InlineData("-7 % 4", "-3")]
    [InlineData("- -3", "3")]
    [InlineData("!params.flag", "false")]
    [InlineData("!!''", "false")]
    [InlineData("!'0'", "false")]
    [InlineData("1 < 2 == true", "true")]
    [InlineData("2 >= 2 && 1 <= 1", "true")]
    [InlineData("'a' < 'b'", "true")]
    [InlineData("'Z' < 'a'", "true")]
    [InlineData("'a' >= 'a'", "true")]
    [InlineData("params.count == '3'", "false")]
    [InlineData("params.count != '3'", "true")]
    [InlineData("params.missing == null", "true")]
    [InlineData("params.none == null", "true")]
    [InlineData("[1, ['a']] == [1, ['a']]", "true")]
    [InlineData("fromJson('{\"a\":1,\"b\":2}') == fromJson('{\"b\":2,\"a\":1}')", "true")]
    [InlineData("fromJson('{\"a\":1}') == fromJson('{\"a\":2}')", "false")]
    [InlineData("params.missing || 'default'", "\"default\"")]
    [InlineData("params.text || 'default'", "\"a b\"")]
    [InlineData("params.text && 7", "7")]
    [InlineData("0 && unknown_root", "0")]
    [InlineData("1 || unknown_root", "1")]
    [InlineData("false || false || 'x'", "\"x\"")]
    [InlineData("true || false && false", "true")]
    [InlineData("params.off ? 1 : params.flag ? 2 : 3", "2")]
    [InlineData("true ? 1 : unknown_root", "1")]
    // Functions
    [InlineData("contains('hello', 'ell')", "true")]
    [InlineData("contains('hello', 'ELL')", "false")]
    [InlineData("contains(params.list, 1)", "true")]
    [InlineData("contains(params.list, '1')", "false")]
    [InlineData("contains(params.missing, 'x')", "false")]
    [InlineData("startsWith(params.missing, 'release/')", "false")]
    [InlineData("startsWith('release/1', 'release/')", "true")]
    [InlineData("endsWith('a.c', '.c')", "true")]
    [InlineData("format('{1}-{0}-{1} {{0}}', 'a', 2)", "\"2-a-2 {0}\"")]
    [InlineData("format('{0}{1}', null, true)", "\"true\"")]
    [InlineData("join(params.list)", "\"x,1,true,\"")]
    [InlineData("join(['a', 'b'], ' ')", "\"a b\"")]
    [InlineData("join(null)", "\"\"")]
    [InlineData("split('a,b,,c', ',')", "[\"a\",\"b\",\"\",\"c\"]")]
    [InlineData("split('', ',')", "[]")]
    [InlineData("lower('ÄB') == 'äb' && upper('äb') == 'ÄB'", "true")]
    [InlineData("trim('  a ')", "\"a\"")]
    [InlineData("replace('a.b.c', '.', '--')", "\"a--b--c\"")]
    [InlineData("length('abc') + length([1]) + length(params.map) + length(null)", "6")]
    [InlineData("toJson(params.map)", "\"{\\\"a-b\\\":1,\\\"c\\\":{\\\"d\\\":\\\"deep\\\"}}\"")]
    [InlineData("fromJson(' [1, 2.5, \"x\", null, false] ')", "[1,2.5,\"x\",null,false]")]
    [InlineData("hashFiles('**/*.c', '!x')", "\"hash:**/*.c|!x\"")]
    [InlineData("success() && !failure() && !cancelled() && always()", "true")]
    // Braces
    [InlineData("${{ params.count }}", "3")]
    [InlineData(" ${{ '}}' }} ", "\"}}\"")]
    public void Evaluate_Yields(string text, string json) => Assert.Equal(json, ValueText.ToJson(Evaluate(text), int.MaxValue));

    [Theory]
    // Grammar
    [InlineData("", "0200 1-1 The expression is empty (Name a value, such as `params.x`)")]
    [InlineData("${{ }}", "0200 1-7 The expression is empty (Name a value, such as `params.x`)")]
    [InlineData("1 +", "0200 4-4 The expression ends where a value is missing")]
    [InlineData("${{ 1 + }}", "0200 9-11 The expression ends where a value is missing")]
    [InlineData("${{ 1", "0201 1-4 `${{` is not closed (Close it with `}}`; for a literal `${{` write `$${{`)")]
    [InlineData("(1", "0200 3-3 The expression ends where `)` is missing")]
    [InlineData("1 2", "0200 3-4 Unexpected `2` where an operator or the end belongs")]
    [InlineData("a and b", "0200 3-6 Unexpected `and` where an operator or the end belongs (Write `&&` for and)")]
    [InlineData("not a", "0200 5-6 Unexpected `a` where an operator or the end belongs (Put texts into single quotes)")]
    [InlineData("a = b", "0200 3-4 A single `=` is no operator (Compare with `==`)")]
    [InlineData("a & b", "0200 3-4 A single `&` is no operator (Write `&&` for and)")]
    [InlineData("a.", "0200 3-3 The expression ends where a member name is missing")]
    [InlineData("a.'x'", "0200 3-6 Unexpected `'x'` where a member name belongs")]
    [InlineData("a[1", "0200 4-4 The expression ends where `]` is missing")]
    [InlineData("1 < 2 < 3", "0200 7-8 Comparisons do not chain (Write `a < b && b < c`)")]
    [InlineData("1 ? 2", "0200 6-6 The expression ends where `:` is missing")]
    [InlineData("12ab", "0200 1-5 `12ab` is neither a number nor a name (Put texts into single quotes)")]
    [InlineData("0x", "0200 1-3 Hexadecimal digits are missing (Write a number such as `0x1f`)")]
    [InlineData("1e999", "0200 1-6 The number is too large")]
    [InlineData("'abc", "0201 1-2 The text has no closing `'` (A quote inside a text is written twice: 'it''s')")]
    [InlineData("\"a\\q\"", "0200 3-5 `\\q` is no escape (Write `\\\\` for a backslash, or use single quotes, which have no escapes)")]
    [InlineData("a 😀", "0200 3-5 Unexpected `😀` in an expression (Put texts into single quotes)")]
    [InlineData("a }}", "0200 3-5 `}}` closes nothing (Write one `${{ }}` around the whole expression, or none)")]
    [InlineData("a && ${{ b }}", "0200 6-9 `${{` stands inside an expression (Write one `${{ }}` around the whole expression, or none)")]
    [InlineData("${{ true }} && b", "0211 13-17 Text follows the expression (Write one `${{ }}` around all of it, or none)")]
    // Functions
    [InlineData("contain('a', 'b')", "0203 1-8 There is no function `contain` (Did you mean `contains`?)")]
    [InlineData("Contains('a', 'b')", "0203 1-9 There is no function `Contains` (Did you mean `contains`?)")]
    [InlineData("lower()", "0204 1-8 `lower` takes 1 argument and got 0 (Write lower(text))")]
    [InlineData("lower('a', 'b')", "0204 12-15 `lower` takes 1 argument and got 2 (Write lower(text))")]
    [InlineData("join()", "0204 1-7 `join` takes 1 or 2 arguments and got 0 (Write join(list, separator))")]
    [InlineData("hashFiles()", "0204 1-12 `hashFiles` takes at least 1 argument and got 0 (Write hashFiles(glob, …))")]
    [InlineData("format('{0} {1}', 1)", "0209 8-17 The format wants argument `{1}`, and there is 1 (Arguments count from `{0}`)")]
    [InlineData("format('a { b')", "0209 8-15 `{` in a format stands neither for an argument nor for itself (Write `{{` and `}}` for braces)")]
    // Types that the parser knows
    [InlineData("'a' + 'b'", "0206 5-6 `+` takes two numbers, not a text and a text (Join texts with format('{0}{1}', a, b))")]
    [InlineData("1 < 'a'", "0206 3-4 `<` compares two numbers or two texts, not a number and a text (Compare two numbers or two texts)")]
    [InlineData("-'a'", "0206 1-2 `-` takes a number, not a text")]
    [InlineData("1 == 'a'", "0210 3-5 `==` compares a number with a text: this is always false (Compare values of one type)")]
    [InlineData("lower('A') != (1 < 2)", "0210 12-14 `!=` compares a text with a truth value: this is always true (Compare values of one type)")]
    // Evaluation
    [InlineData("1 + parms.x", "0205 5-10 The name `parms` is unknown here (Did you mean `params`? Known here: env, params, steps)")]
    [InlineData("main", "0205 1-5 The name `main` is unknown here (Known here: env, params, steps; a text wants quotes: 'main')")]
    [InlineData("params.text + 1", "0206 13-14 `+` takes two numbers, not a text and a number (Join texts with format('{0}{1}', a, b))")]
    [InlineData("params.text < 1", "0206 13-14 `<` compares two numbers or two texts, not a text and a number (Compare two numbers or two texts)")]
    [InlineData("params.text.x", "0206 12-14 A text has no members (Read JSON with fromJson() first)")]
    [InlineData("params.count[0]", "0206 13-16 A number has no members")]
    [InlineData("params.list.length", "0206 12-19 A list is indexed by a whole number, not a text (Use length(list))")]
    [InlineData("params.list[0.5]", "0206 12-17 A list is indexed by a whole number (Write `[0]` for the first item)")]
    [InlineData("params.map[0]", "0206 11-14 A map is indexed by a text, not a number")]
    [InlineData("-params.text", "0206 1-13 `-` takes a number, not a text")]
    [InlineData("1 / (params.count - 3)", "0209 3-4 Division by zero")]
    [InlineData("1e308 * 10", "0209 7-8 The result is too large for a number")]
    [InlineData("lower(params.count)", "0206 7-19 `lower` takes a text here, not a number (Turn it into a text with format('{0}', value))")]
    [InlineData("contains(params.text, 1)", "0206 23-24 `contains` takes a text here, not a number (Search a text for a text, or a list for a value)")]
    [InlineData("join(params.text)", "0206 6-17 `join` takes a list here, not a text")]
    [InlineData("join([[1]])", "0206 6-11 Item 0 of the list is a list, which `join` does not take (Use toJson() for nested lists and maps)")]
    [InlineData("format(params.text.x)", "0206 19-21 A text has no members (Read JSON with fromJson() first)")]
    [InlineData("format('{0}', params.list)", "0206 15-26 `format` takes a text, a number or a truth value here, not a list (Use toJson() or join())")]
    [InlineData("fromJson('{')", "0209 10-13 The text is not JSON: line 1, byte 2")]
    [InlineData("fromJson('{\"a\":1,\"a\":2}')", "0209 10-25 The text is not JSON: the name `a` stands twice in a map")]
    [InlineData("fromJson('\"\\ud800\"')", "0209 10-20 The text is not JSON: an escape names half of a character")]
    [InlineData("fromJson('')", "0209 10-12 The text is empty and so not JSON")]
    [InlineData("split('a', '')", "0209 12-14 The separator of `split` is empty")]
    [InlineData("replace('a', '', 'b')", "0209 14-16 The text that `replace` looks for is empty")]
    [InlineData("hashFiles('/etc/passwd')", "0220 11-24 Glob `/etc/passwd` is absolute; write it relative to the project")]
    public void Parse_Or_Evaluate_Reports(string text, string mistake) => Assert.Equal([mistake], Mistakes(text));

    [Fact]
    public void Parse_Reports_All_Mistakes_That_Are_Not_Grammar() =>
        Assert.Equal(["0203 1-4", "0204 22-23", "0206 25-26"], Mistakes("foo(1) + length('a', 2) + 'x'").Select(m => m[..m.IndexOf(' ', 6)]));

    [Fact]
    public void Evaluate_Reports_Functions_That_Are_Not_To_Be_Had()
    {
        var bare = Context with { Needs = null, HashFiles = null };
        Assert.Equal(["0207 6-15 `failure()` cannot be had here (Status functions belong into `if` of a step)"], Mistakes("1 && failure()", bare));
        Assert.Equal(["0207 1-15 `hashFiles` cannot be had here (Use it in `env`, `run` or `if` of a step)"], Mistakes("hashFiles('a')", bare));
        Assert.Equal(Value.Of(true), Evaluate("always()", bare));
    }

    [Theory]
    [InlineData(NeedsStatus.Success, "true false false")]
    [InlineData(NeedsStatus.Failure, "false true false")]
    [InlineData(NeedsStatus.Cancelled, "false false true")]
    public void Evaluate_Tests_Needs(NeedsStatus needs, string expected) =>
        Assert.Equal(Value.Of(expected), Evaluate("format('{0} {1} {2}', success(), failure(), cancelled())", Context with { Needs = needs }));

    [Fact]
    public void Mistakes_Have_The_Place_In_The_Source_Of_A_Folded_Scalar()
    {
        // As if `params.flag &&` stood on line 3 from column 5 and `oops` on line 4 from column 5.
        var node = new ScalarNode("params.flag && oops", ScalarType.String, new SourceSpan("f.yaml", 2, 9, 5, 1), [new(0, 3, 5), new(15, 4, 5)]);
        var diagnostics = new DiagnosticBag();
        Expression.Parse(node, diagnostics)!.Evaluate(Context, diagnostics);
        Assert.Equal(new SourceSpan("f.yaml", 4, 5, 4, 9), Assert.Single(diagnostics.ToSorted()).Span);
    }

    [Theory]
    [InlineData("params.a.b-c", "params:a/b-c 1-13")]
    [InlineData("params['a']['b c'].d", "params:a/b c/d 1-21")]
    [InlineData("steps[params.x].status", "steps: 1-6;params:x 7-15")]
    [InlineData("matrix.list[0].y", "matrix:list 1-12")]
    [InlineData("contains(git.branch, 'x') ? env.A : [run.id]", "git:branch 10-20;env:A 29-34;run:id 38-44")]
    [InlineData("fromJson(params.j).x", "params:j 10-18")]
    [InlineData("true && null", "")]
    public void References_Are_The_Constant_Paths(string text, string expected) =>
        Assert.Equal(expected, string.Join(';', Parse(text).References.Select(r => $"{r.Root}:{string.Join('/', r.Path)} {r.Span.Column}-{r.Span.EndColumn}")));

    [Theory]
    [InlineData("1 + 1", false, false, true)]
    [InlineData("params.x", false, false, false)]
    [InlineData("!cancelled()", true, false, false)]
    [InlineData("always() || hashFiles('x')", true, true, false)]
    public void Parse_Notes_What_Is_Used(string text, bool status, bool hash, bool constant)
    {
        var expression = Parse(text);
        Assert.Equal((status, hash, constant), (expression.UsesStatusFunction, expression.UsesHashFiles, expression.IsConstant));
    }

    [Theory]
    [InlineData("true", ScalarType.Boolean, true)]
    [InlineData("False", ScalarType.Boolean, false)]
    [InlineData("1", ScalarType.Integer, true)]
    [InlineData("0.0", ScalarType.Float, false)]
    [InlineData("null", ScalarType.Null, false)]
    [InlineData("${{ params.off }}", ScalarType.String, false)]
    [InlineData("params.list", ScalarType.String, true)]
    public void EvaluateCondition_Takes_Any_Scalar(string text, ScalarType type, bool expected)
    {
        var diagnostics = new DiagnosticBag();
        Assert.Equal(expected, Expression.Parse(Scalar(text, type), diagnostics)!.EvaluateCondition(Context, diagnostics));
        Assert.False(diagnostics.HasErrors);
    }

    [Fact]
    public void Truth_Is_As_Documented()
    {
        Assert.All<Value>([Value.Null.Instance, Value.Of(false), Value.Of(0), Value.Of(-0.0), Value.Of(double.NaN), Value.Of("")], v => Assert.False(Expression.Truth(v)));
        Assert.All<Value>([Value.Of(true), Value.Of(-1), Value.Of("0"), Value.Of("false"), new Value.List([]), new Value.Map([])], v => Assert.True(Expression.Truth(v)));
    }

    [Theory]
    [InlineData("a.b['c'] || !d && 1 + 2 - 3 * 4 == -5 ? [x, null] : f", "((a.b['c'] || ((!d) && ((1 + 2 - (3 * 4)) == (-5)))) ? [x, null] : f)")]
    [InlineData("format(\"it's\", 0x10)", "format('it''s', 16)")]
    public void ToString_Is_Canonical(string text, string expected)
    {
        Assert.Equal(expected, Parse(text).ToString());
        Assert.Equal(expected, Parse(expected).ToString());
    }
}
