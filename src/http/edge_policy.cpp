#include "http/edge_policy.h"

#include <algorithm>

#include "base/ascii.h"
#include "http/request_target.h"

namespace meterhouse {

namespace {

// Fields that decide how a request is treated, besides those of its framing: with two lines of one of them, which
// counts would depend on who reads.
constexpr std::string_view kOnceAtMost[] = {"Expect",         "Origin",           "Content-Type",
                                            "Sec-Fetch-Site", "Content-Encoding", "Idempotency-Key"};

// The fields that decide where a request ends and for whom it is.
struct FramingFields {
  const HeaderField* host = nullptr;
  const HeaderField* content_length = nullptr;
  const HeaderField* transfer_encoding = nullptr;
  std::size_t hosts = 0;
  std::size_t content_lengths = 0;
  std::size_t transfer_encodings = 0;
  std::string_view expect;
  std::string_view fetch_site;
};

FramingFields framing_fields(const std::vector<HeaderField>& fields) {
  FramingFields found;
  const auto note = [](const HeaderField& field, const HeaderField*& first, std::size_t& count) {
    if (count++ == 0) first = &field;
  };
  for (const HeaderField& field : fields) {
    switch (field.name.size()) {  // most fields differ from all of these by their length alone
      case 4:
        if (equal_ignoring_case(field.name, "Host")) note(field, found.host, found.hosts);
        break;
      case 6:
        if (equal_ignoring_case(field.name, "Expect")) found.expect = field.value;
        break;
      case 14:
        if (equal_ignoring_case(field.name, "Content-Length")) note(field, found.content_length, found.content_lengths);
        if (equal_ignoring_case(field.name, "Sec-Fetch-Site")) found.fetch_site = field.value;
        break;
      case 17:
        if (equal_ignoring_case(field.name, "Transfer-Encoding"))
          note(field, found.transfer_encoding, found.transfer_encodings);
        break;
      default:
        break;
    }
  }
  return found;
}

Refusal bad(std::string detail) { return {400, std::move(detail)}; }

bool folded(std::string_view raw) {
  for (std::size_t at = raw.find('\n'); at != std::string_view::npos; at = raw.find('\n', at + 1))
    if (at + 1 < raw.size() && (raw[at + 1] == ' ' || raw[at + 1] == '\t')) return true;
  return false;
}

std::optional<Refusal> check_request_line(const RequestHead& head) {
  if (parse_method(head.method) == Method::other) return bad("unknown method");
  if (head.target.size() > kMaxTargetBytes)
    return Refusal{414, fmt::format("the request target is longer than {} bytes", kMaxTargetBytes)};
  const auto allowed = [](char c) { return c > 0x20 && c < 0x7F && c != '#'; };
  if (!std::ranges::all_of(head.target, allowed))
    return bad("the request target has a character that must be percent-encoded");
  return std::nullopt;
}

std::optional<Refusal> check_framing(const FramingFields& fields, int minor_version) {
  if (fields.content_lengths > 1) return bad("Content-Length is given twice");
  if (fields.content_length != nullptr) {
    const std::string_view length = fields.content_length->value;
    if (length.empty() || !std::ranges::all_of(length, is_digit)) return bad("Content-Length is not one number");
  }
  if (fields.transfer_encodings == 0) return std::nullopt;
  if (fields.content_lengths > 0) return bad("Content-Length and Transfer-Encoding exclude each other");
  if (minor_version == 0) return bad("HTTP/1.0 has no Transfer-Encoding");
  if (fields.transfer_encodings > 1) return bad("Transfer-Encoding is given on several lines");
  if (!equal_ignoring_case(fields.transfer_encoding->value, "chunked"))
    return bad("the only Transfer-Encoding taken here is 'chunked'");
  return std::nullopt;
}

std::optional<Refusal> check_host(const FramingFields& fields, std::string_view target, const EdgeRules& rules) {
  if (fields.hosts == 0) return bad("the request has no Host");
  if (fields.hosts > 1) return bad("the request has two Hosts");
  const std::string_view host = fields.host->value;
  const auto name = host_name(host);
  if (!name) return bad("Host is not a host name");
  const auto parts = split_target(target);
  if (!parts) return parts.error();
  if (!parts->authority.empty() && !equal_ignoring_case(parts->authority, host))
    return bad("the request target and Host name different hosts");
  const auto same = [&](const std::string& allowed) { return equal_ignoring_case(allowed, *name); };
  if (std::ranges::none_of(rules.allowed_hosts, same))
    return Refusal{421,
                   fmt::format("this server does not answer to the host '{:.100}'; allowed_hosts in its configuration "
                               "lists those it answers to",
                               *name)};
  return std::nullopt;
}

std::optional<Refusal> check_repeats(const std::vector<HeaderField>& fields) {
  for (const std::string_view name : kOnceAtMost) {
    const auto same = [&](const HeaderField& field) { return equal_ignoring_case(field.name, name); };
    if (std::ranges::count_if(fields, same) > 1) return bad(fmt::format("{} is given twice", name));
  }
  return std::nullopt;
}

bool changes_state(Method method) {
  return method != Method::get && method != Method::head && method != Method::options;
}

}  // namespace

std::optional<std::string_view> host_name(std::string_view host) {
  const auto name_character = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
  };
  std::string_view name;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    name = host.substr(0, end + 1);
  } else {
    name = host.substr(0, host.find(':'));
    if (name.empty() || !std::ranges::all_of(name, name_character)) return std::nullopt;
  }
  const std::string_view rest = host.substr(name.size());
  if (rest.empty()) return name;
  if (rest.front() != ':' || rest.size() > 6 || !std::ranges::all_of(rest.substr(1), is_digit)) return std::nullopt;
  return name;
}

std::optional<Refusal> check_head(const RequestHead& head, const EdgeRules& rules) {
  if (auto refused = check_request_line(head)) return refused;
  if (folded(head.raw)) return bad("a header is folded over two lines");
  if (head.fields->size() > kMaxHeaderFields)
    return Refusal{431, fmt::format("the request has more than {} header fields", kMaxHeaderFields)};
  const FramingFields fields = framing_fields(*head.fields);
  if (auto refused = check_framing(fields, head.minor_version)) return refused;
  if (auto refused = check_host(fields, head.target, rules)) return refused;
  if (auto refused = check_repeats(*head.fields)) return refused;
  if (!fields.expect.empty() && !equal_ignoring_case(fields.expect, "100-continue"))
    return Refusal{417, "the only Expect taken here is '100-continue'"};
  if (equal_ignoring_case(fields.fetch_site, "cross-site") && changes_state(parse_method(head.method)))
    return Refusal{403, "a web page of another site may not change anything here"};
  return std::nullopt;
}

}  // namespace meterhouse
