#include "service/catalog_change.h"

#include <boost/json.hpp>

#include "base/check.h"

namespace meterhouse {
namespace {

namespace json = boost::json;

// A record is closed once it is this long; one meter more never takes it to the journal's bound.
constexpr std::size_t kFullRecordBytes = 900 * 1024;
constexpr std::size_t kMaxRecordBytes = 1024 * 1024;

constexpr std::string_view kRegister = "register_meters";
constexpr std::string_view kPatch = "patch_meter";

json::object object_of(const Meter& meter) {
  json::object object{{"id", meter.id.text()},
                      {"region", meter.region},
                      {"area", meter.area},
                      {"dwelling_type", meter.dwelling_type},
                      {"registered_at", epoch_seconds(meter.registered_at)}};
  if (!meter.serial.empty()) object["serial"] = meter.serial;
  if (meter.register_digits) object["register_digits"] = *meter.register_digits;
  return object;
}

Error damaged(std::string_view what) {
  return {Errc::corruption, fmt::format("change record of the catalog: {}", what)};
}

// The fields of an object, each asked for by name; what was missing or of another type is kept as the first fault.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  std::optional<std::string> text(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto* string = value->if_string();
    return string == nullptr ? fault<std::string>(name) : std::optional{std::string{*string}};
  }
  std::optional<std::int64_t> integer(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto* number = value->if_int64();
    return number == nullptr ? fault<std::int64_t>(name) : std::optional{*number};
  }
  // 4 to 9, or null.
  std::optional<std::optional<int>> digits(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_null()) return std::optional<int>{};
    const auto number = integer(name);
    if (!number || *number < 4 || *number > 9) return fault<std::optional<int>>(name);
    return std::optional{static_cast<int>(*number)};
  }
  std::string required_text(std::string_view name) {
    auto value = text(name);
    return value ? std::move(*value) : fault<std::string>(name).value_or("");
  }
  std::int64_t required_integer(std::string_view name) {
    const auto value = integer(name);
    return value ? *value : fault<std::int64_t>(name).value_or(0);
  }
  MeterId required_id(std::string_view name) {
    const auto id = MeterId::parse(required_text(name));
    if (!id) (void)fault<MeterId>(name);
    return id.value_or(MeterId::from_number(0));
  }
  Status status() const { return fault_.empty() ? Status{} : damaged(fault_); }

 private:
  const json::value* find(std::string_view name) const { return object_.if_contains(name); }
  template <class T>
  std::optional<T> fault(std::string_view name) {
    if (fault_.empty()) fault_ = fmt::format("{} is missing or not valid", name);
    return std::nullopt;
  }

  const json::object& object_;
  std::string fault_;
};

Result<Meter> meter_of(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return damaged("a meter is no object");
  Fields fields{*object};
  Meter meter{fields.required_id("id"),
              fields.required_text("region"),
              fields.required_text("area"),
              fields.required_text("dwelling_type"),
              instant_from_epoch(fields.required_integer("registered_at")),
              fields.text("serial").value_or(""),
              fields.digits("register_digits").value_or(std::nullopt)};
  if (const Status status = fields.status(); !status) return status.error();
  return meter;
}

Result<std::vector<Meter>> registrations_in(const json::object& record) {
  const json::value* listed = record.if_contains("meters");
  const auto* array = listed == nullptr ? nullptr : listed->if_array();
  if (array == nullptr) return damaged("meters is missing or not valid");
  std::vector<Meter> meters;
  for (const json::value& value : *array) {
    auto meter = meter_of(value);
    if (!meter) return meter.error();
    meters.push_back(std::move(*meter));
  }
  return meters;
}

Status apply_registrations(MeterCatalog& catalog, const json::object& record) {
  const auto meters = registrations_in(record);
  if (!meters) return meters.error();
  const auto registered = catalog.register_meters(*meters);
  return registered ? Status{} : Status{registered.error()};
}

Status apply_patch(MeterCatalog& catalog, const json::object& record) {
  Fields fields{record};
  const MeterId id = fields.required_id("id");
  const MeterPatch patch{fields.text("region"), fields.text("area"), fields.text("dwelling_type"),
                         fields.text("serial"), fields.digits("register_digits")};
  if (Status status = fields.status(); !status) return status;
  const auto patched = catalog.patch_meter(id, patch);
  if (!patched && patched.error().code != Errc::not_found) return patched.error();
  return {};
}

Result<std::vector<MeterId>> ids_registered(const json::object& record) {
  const auto meters = registrations_in(record);
  if (!meters) return meters.error();
  std::vector<MeterId> ids;
  for (const Meter& meter : *meters) ids.push_back(meter.id);
  return ids;
}

struct Record {
  std::string kind;  // kRegister or kPatch
  json::object fields;
};

Result<Record> parse_record(std::string_view change) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view{change.data(), change.size()}, error);
  if (error) return damaged(error.message());
  auto* object = value.if_object();
  if (object == nullptr) return damaged("no object");
  Fields fields{*object};
  std::string kind = fields.required_text("change");
  if (const Status status = fields.status(); !status) return status.error();
  if (kind == kRegister || kind == kPatch) return Record{std::move(kind), std::move(*object)};
  return Error{Errc::unavailable,
               fmt::format("change record of the catalog: this program does not know '{:.40}'; use a newer "
                           "program",
                           kind)};
}

}  // namespace

std::vector<std::string> encode_registrations(std::span<const Meter> meters) {
  std::vector<std::string> records;
  std::string record;
  const auto close = [&] {
    if (record.empty()) return;
    record += "]}";
    MH_CHECK(record.size() <= kMaxRecordBytes);
    records.push_back(std::move(record));
    record.clear();
  };
  for (const Meter& meter : meters) {
    record += record.empty() ? fmt::format(R"({{"change":"{}","meters":[)", kRegister) : std::string{","};
    record += json::serialize(object_of(meter));
    if (record.size() >= kFullRecordBytes) close();
  }
  close();
  return records;
}

std::string encode_patch(MeterId id, const MeterPatch& patch) {
  json::object record{{"change", kPatch}, {"id", id.text()}};
  const auto put = [&](const char* name, const std::optional<std::string>& value) {
    if (value) record[name] = *value;
  };
  put("region", patch.region);
  put("area", patch.area);
  put("dwelling_type", patch.dwelling_type);
  put("serial", patch.serial);
  if (patch.register_digits) {
    json::value& digits = record["register_digits"];
    if (*patch.register_digits) digits = **patch.register_digits;
  }
  return json::serialize(record);
}

Status apply_change(MeterCatalog& catalog, std::string_view change) {
  const auto record = parse_record(change);
  if (!record) return record.error();
  return record->kind == kRegister ? apply_registrations(catalog, record->fields)
                                   : apply_patch(catalog, record->fields);
}

Result<std::vector<MeterId>> meters_registered_by(std::string_view change) {
  const auto record = parse_record(change);
  if (!record) return record.error();
  return record->kind == kRegister ? ids_registered(record->fields) : std::vector<MeterId>{};
}

Result<std::vector<MeterId>> meters_changed_by(std::string_view change) {
  const auto record = parse_record(change);
  if (!record) return record.error();
  if (record->kind == kRegister) return ids_registered(record->fields);
  Fields fields{record->fields};
  const MeterId id = fields.required_id("id");
  if (const Status status = fields.status(); !status) return status.error();
  return std::vector{id};
}

}  // namespace meterhouse
