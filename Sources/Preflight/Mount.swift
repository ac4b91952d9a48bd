/// A device number, as in stat(2) and the mount table.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    /// The driver.
    package let major: UInt32
    /// The device of that driver.
    package let minor: UInt32

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Splits a `dev_t` like the C library's `gnu_dev_major`.
    init(_ device: UInt64) {
        major = UInt32(truncatingIfNeeded: (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000)
        minor = UInt32(truncatingIfNeeded: device & 0xFF | (device >> 12) & 0xFFFF_FF00)
    }

    /// `0:24`.
    package var description: String { "\(major):\(minor)" }
}

/// A line of `/proc/self/mountinfo` (proc(5)).
package struct Mount: Hashable, Sendable {
    package let device: DeviceNumber
    /// The mount point.
    package let point: String
    /// The options of this mount.
    package let options: Set<Substring>
    package let type: String
    /// A device, or a word such as `none`.
    package let source: String
    /// The file system's options; for cgroup v1, its controllers.
    package let superOptions: Set<Substring>

    /// Whether nothing can be written here.
    package var isReadOnly: Bool { options.contains("ro") || superOptions.contains("ro") }

    /// Parses a line; nil if it has another format.
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

    /// Decodes escapes such as `\040` for a space in a name.
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
    /// Parses a whole mount table.
    package init(table: String) { self = table.split(separator: "\n").compactMap { Mount($0) } }

    /// The mount that contains a path: the deepest, and if several share a mount point, the last, which covers the others.
    package func holding(_ path: String) -> Mount? {
        let around = filter { $0.point == "/" || path == $0.point || path.hasPrefix("\($0.point)/") }
        guard let deepest = around.map(\.point.utf8.count).max() else { return nil }
        return around.last { $0.point.utf8.count == deepest }
    }
}
