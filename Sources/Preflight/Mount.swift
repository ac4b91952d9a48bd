/// A device's number, as stat(2) and the mount table have it.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    /// Which driver.
    package let major: UInt32
    /// Which of its devices.
    package let minor: UInt32

    /// Makes a number of its parts.
    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Takes a `dev_t` apart, as the C library's `gnu_dev_major` does.
    init(_ device: UInt64) {
        major = UInt32(truncatingIfNeeded: (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000)
        minor = UInt32(truncatingIfNeeded: device & 0xFF | (device >> 12) & 0xFFFF_FF00)
    }

    /// `0:24`.
    package var description: String { "\(major):\(minor)" }
}

/// A line of `/proc/self/mountinfo` (proc(5)).
package struct Mount: Hashable, Sendable {
    /// The file system's device.
    package let device: DeviceNumber
    /// The point at which it is mounted.
    package let point: String
    /// What of it cannot be written through this mount: the mount's own options.
    package let options: Set<Substring>
    /// The file system's type.
    package let type: String
    /// A device, or a word such as `none`.
    package let source: String
    /// The file system's options; for cgroup v1 its controllers.
    package let superOptions: Set<Substring>

    /// Whether nothing can be written here.
    package var isReadOnly: Bool { options.contains("ro") || superOptions.contains("ro") }

    /// Reads a line; nil for one that has another form.
    package init?(_ line: some StringProtocol) {
        let halves = line.split(separator: " - ", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        let (first, last) = (halves[0].split(separator: " "), halves[1].split(separator: " ", omittingEmptySubsequences: false))
        guard first.count >= 6, last.count >= 3 else { return nil }
        let numbers = first[2].split(separator: ":").compactMap { UInt32($0) }
        guard numbers.count == 2, first[4].hasPrefix("/") else { return nil }
        device = DeviceNumber(major: numbers[0], minor: numbers[1])
        point = Self.plain(first[4])
        options = Set(first[5].split(separator: ",").map { Substring($0) })
        type = String(last[0])
        source = Self.plain(last[1])
        superOptions = Set(last[2].split(separator: ",").map { Substring($0) })
    }

    /// A space in a name stands there as `\040`.
    private static func plain(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), rest.count >= 3, let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(code)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [Mount] {
    /// Reads a whole table.
    package init(table: String) { self = table.split(separator: "\n").compactMap { Mount($0) } }

    /// The mount that a path lies in: the deepest, and of several at one point the last, which covers the others.
    package func holding(_ path: String) -> Mount? {
        let around = filter { $0.point == "/" || path == $0.point || path.hasPrefix("\($0.point)/") }
        guard let deepest = around.map(\.point.utf8.count).max() else { return nil }
        return around.last { $0.point.utf8.count == deepest }
    }
}
