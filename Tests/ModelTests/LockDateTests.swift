import Testing

@testable import Model

@Suite("The date of a lock")
struct LockDateTests {
    @Test(
        "each second has its date, before 1970 too",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1_610_574_062, "2021-01-13T21:41:02Z"), (951_782_400, "2000-02-29T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"), (-86_400, "1969-12-31T00:00:00Z"), (-86_401, "1969-12-30T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] as [(Int64, String)])
    func date(_ seconds: Int64, _ text: String) { #expect(Lock.date(seconds) == text) }

    @Test("no number of seconds ends the process", arguments: [Int64.min, .min + 1, .min + 86_399, .max - 1, .max])
    func extremes(_ seconds: Int64) {
        let text = Lock.date(seconds)
        #expect(text.utf8.last == UInt8(ascii: "Z") && text.contains("T"), "\(text)")
    }
}
