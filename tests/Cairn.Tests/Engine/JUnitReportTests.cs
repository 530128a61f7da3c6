using System.Text;
using System.Xml;

using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Reports;

namespace Cairn.Tests.Engine;

public sealed class JUnitReportTests
{
    private static TestCounts Read(string xml) => JUnitReport.Read(new MemoryStream(Encoding.UTF8.GetBytes(xml)));

    [Fact]
    public void Read_Counts_CasesInNestedSuites()
    {
        var counts = Read("""
            <?xml version="1.0"?>
            <testsuites>
              <testsuite name="a" tests="99">
                <testcase classname="A" name="passes"/>
                <testcase classname="A" name="fails"><failure message="no">trace</failure></testcase>
                <testsuite name="inner">
                  <testcase classname="A.B" name="breaks"><error/></testcase>
                  <testcase name="waits"><skipped/></testcase>
                  <testcase name="talks"><system-out>failure</system-out></testcase>
                </testsuite>
              </testsuite>
            </testsuites>
            """);
        Assert.Equal(new TestCounts(5, 1, 1, 1) { FailedNames = counts.FailedNames, FailedMessages = counts.FailedMessages }, counts);
        Assert.Equal(["no", ""], counts.FailedMessages);
        Assert.Equal(["A.fails", "A.B.breaks"], counts.FailedNames);
    }

    [Fact]
    public void Read_Counts_AFailedCaseOnce()
    {
        var counts = Read("<testsuite><testcase name='x'><failure/><failure/><error/></testcase></testsuite>");
        Assert.Equal((1, 1, 0), (counts.Tests, counts.Failures, counts.Errors));
    }

    [Fact]
    public void Read_Names_TheClassOnce() =>
        Assert.Equal(["A.B.c"], Read("<testsuite><testcase classname='A.B' name='A.B.c'><failure/></testcase></testsuite>").FailedNames);

    [Theory]
    [InlineData("<failure message='Expected: 1&#xA;   Actual: 2'>at X.Y()</failure>", "Expected: 1\nActual: 2")]
    [InlineData("<failure type='T'>\n  one\n\n  two\n  three\n  four\n</failure>", "one\ntwo\nthree")]
    [InlineData("<error><![CDATA[a < b]]></error>", "a < b")]
    [InlineData("<failure message='first'/><error message='second'/>", "first")]
    [InlineData("<failure/><system-out>noise</system-out>", "")]
    [InlineData("<system-out>noise</system-out><failure message=''>told</failure><system-err>noise</system-err>", "told")]
    [InlineData("<skipped message='later'/><failure message='no'/>", "no")]
    public void Read_TakesTheFirstLinesOfWhatAFailedCaseSays(string said, string message) =>
        Assert.Equal([message], Read($"<testsuite><testcase name='x'>{said}</testcase></testsuite>").FailedMessages);

    [Fact]
    public void Read_CutsLongLines_BetweenCharacters()
    {
        var line = new string('x', Limits.FailedTestMessageLineCharsMax - 1);
        Assert.Equal([line + "…"], Read($"<testsuite><testcase name='x'><failure message='{line}😀 and more'/></testcase></testsuite>").FailedMessages);
    }

    [Theory]
    [InlineData("<testsuite>")]
    [InlineData("not xml")]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'aaaa'>]><testsuite>&a;</testsuite>")]
    public void Read_Refuses_BrokenAndHostileXml(string xml) => Assert.Throws<XmlException>(() => Read(xml));
}
