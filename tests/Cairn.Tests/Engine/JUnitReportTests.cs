using System.Text;
using System.Xml;

using Cairn.Core.Events;
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
        Assert.Equal(new TestCounts(5, 1, 1, 1) { FailedNames = counts.FailedNames }, counts);
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
    [InlineData("<testsuite>")]
    [InlineData("not xml")]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'aaaa'>]><testsuite>&a;</testsuite>")]
    public void Read_Refuses_BrokenAndHostileXml(string xml) => Assert.Throws<XmlException>(() => Read(xml));
}
