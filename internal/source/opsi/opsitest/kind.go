// SPDX-License-Identifier: Apache-2.0

package opsitest

// form is what an attribute holds.
type form int

const (
	aText           form = iota
	aWord                // one of a few words
	aBool                //
	aNumber              //
	aList                // of texts or bools
	aHost                // a host's id: lower case, two dots at least
	aProduct             // a product's id
	aProductVersion      //
	aPackageVersion      //
	aTime                // YYYY-MM-DD HH:MM:SS
	aKey                 // 32 hex digits
)

// field is one attribute of a class.
type field struct {
	name        string
	form        form
	words       []string
	least, most int // a number is clipped to them; most alone cuts a text
	initial     any // what an insert makes of null
}

// kind is a class of objects (contract 2, "Field lists").
type kind struct {
	class string
	table string   // the prefix of its methods: productOnClient
	ident []string // the primary key
	// owner is the attribute that names the client whose row it is; "" = nobody's.
	owner  string
	fields []field
	open   bool // has further attributes of its own (auditHardwareOnHost)
}

// has reports whether the class has an attribute.
func (k *kind) has(attribute string) bool {
	if attribute == "type" {
		return true
	}
	for _, f := range k.fields {
		if f.name == attribute {
			return true
		}
	}
	return k.open
}

func texts(names ...string) []field {
	var out []field
	for _, n := range names {
		out = append(out, field{name: n})
	}
	return out
}

func join(parts ...[]field) []field {
	var out []field
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func actions() []string {
	// "login" is not among them, and is refused (contract 2).
	return []string{"setup", "uninstall", "update", "always", "once", "custom", "none"}
}

func productTypes() []string { return []string{"LocalbootProduct", "NetbootProduct"} }

func kindsByClass() map[string]*kind {
	out := map[string]*kind{}
	for _, k := range append(productKinds(), hostKinds()...) {
		out[k.class] = &k
	}
	return out
}

func productKinds() []kind {
	product := field{name: "productId", form: aProduct}
	versions := []field{{name: "productVersion", form: aProductVersion}, {name: "packageVersion", form: aPackageVersion}}
	productType := field{name: "productType", form: aWord, words: productTypes()}
	client := field{name: "clientId", form: aHost}
	onClient := join([]field{product, productType, client,
		{name: "targetConfiguration", form: aWord, words: []string{"installed", "always", "forbidden", "undefined"}},
		{name: "installationStatus", form: aWord, words: []string{"installed", "not_installed", "unknown"}, initial: "not_installed"},
		{name: "actionRequest", form: aWord, words: actions(), initial: "none"},
		{name: "lastAction", form: aWord, words: actions()},
		{name: "actionProgress", most: 250}, // cut, not refused
		{name: "actionResult", form: aWord, words: []string{"failed", "successful", "none"}},
	}, versions, []field{
		{name: "modificationTime", form: aTime},
		{name: "actionSequence", form: aNumber},
	})
	both := join([]field{{name: "id", form: aProduct}}, versions, texts("name"), []field{{name: "licenseRequired", form: aBool, initial: false}},
		scripts("setupScript", "uninstallScript", "updateScript", "alwaysScript", "onceScript", "customScript"),
		[]field{{name: "priority", form: aNumber, least: -100, most: 100, initial: 0}}, // clipped
		texts("description", "advice", "changelog"),
		[]field{{name: "productClassIds", form: aList, initial: []any{}}, {name: "windowsSoftwareIds", form: aList, initial: []any{}}})
	productIdent := []string{"id", "productVersion", "packageVersion"}
	property := join([]field{product}, versions, texts("propertyId", "description"), values())
	propertyIdent := []string{"productId", "productVersion", "packageVersion", "propertyId"}
	return []kind{
		{class: "ProductOnClient", table: "productOnClient", ident: []string{"productId", "productType", "clientId"}, owner: "clientId", fields: onClient},
		{class: "LocalbootProduct", table: "product", ident: productIdent, fields: join(both, scripts("userLoginScript"))},
		{class: "NetbootProduct", table: "product", ident: productIdent, fields: join(both, texts("pxeConfigTemplate"))},
		{class: "ProductOnDepot", table: "productOnDepot", ident: []string{"productId", "productType", "productVersion", "packageVersion", "depotId"},
			fields: join([]field{product, productType}, versions, []field{{name: "depotId", form: aHost}, {name: "locked", form: aBool, initial: false}})},
		{class: "ProductDependency", table: "productDependency", ident: []string{"productId", "productVersion", "packageVersion", "productAction", "requiredProductId"},
			fields: join([]field{product}, versions, []field{
				{name: "productAction", form: aWord, words: actions()},
				{name: "requiredProductId", form: aProduct},
				{name: "requiredProductVersion", form: aProductVersion},
				{name: "requiredPackageVersion", form: aPackageVersion},
				{name: "requiredAction", form: aWord, words: actions()},
				{name: "requiredInstallationStatus", form: aWord, words: []string{"installed", "not_installed", "unknown"}},
				{name: "requirementType", form: aWord, words: []string{"before", "after"}},
			})},
		{class: "UnicodeProductProperty", table: "productProperty", ident: propertyIdent, fields: property},
		{class: "BoolProductProperty", table: "productProperty", ident: propertyIdent, fields: property},
		{class: "ProductPropertyState", table: "productPropertyState", ident: []string{"productId", "propertyId", "objectId"}, owner: "objectId",
			fields: []field{product, {name: "propertyId"}, {name: "objectId", form: aHost}, {name: "values", form: aList, initial: []any{}}}},
	}
}

func scripts(names ...string) []field {
	var out []field
	for _, n := range names {
		out = append(out, field{name: n, initial: ""}) // "" = none
	}
	return out
}

// values are what configs and properties have.
func values() []field {
	return []field{
		{name: "possibleValues", form: aList, initial: []any{}}, {name: "defaultValues", form: aList, initial: []any{}},
		{name: "editable", form: aBool, initial: true}, {name: "multiValue", form: aBool, initial: false},
	}
}

func hostKinds() []kind {
	host := join([]field{{name: "id", form: aHost}}, texts("description", "notes", "hardwareAddress", "ipAddress", "inventoryNumber", "systemUUID"),
		[]field{{name: "opsiHostKey", form: aKey}})
	depot := join(host, texts("depotLocalUrl", "depotRemoteUrl", "depotWebdavUrl", "repositoryLocalUrl", "repositoryRemoteUrl",
		"workbenchLocalUrl", "workbenchRemoteUrl", "networkAddress"),
		[]field{{name: "maxBandwidth", form: aNumber, initial: 0}, {name: "isMasterDepot", form: aBool, initial: true}, {name: "masterDepotId", form: aHost}})
	config := join(texts("id", "description"), values())
	group := texts("id", "description", "notes", "parentGroupId")
	software := texts("name", "version", "subVersion", "language")
	software = append(software, field{name: "architecture", form: aWord, words: []string{"x86", "x64", ""}})
	softwareIdent := []string{"name", "version", "subVersion", "language", "architecture"}
	seen := []field{{name: "firstseen", form: aTime}, {name: "lastseen", form: aTime}, {name: "state", form: aNumber, initial: 1}}
	return []kind{
		{class: "OpsiClient", table: "host", ident: []string{"id"}, owner: "id", fields: join(host,
			[]field{{name: "created", form: aTime}, {name: "lastSeen", form: aTime}}, texts("oneTimePassword"))},
		{class: "OpsiDepotserver", table: "host", ident: []string{"id"}, owner: "id", fields: depot},
		{class: "OpsiConfigserver", table: "host", ident: []string{"id"}, owner: "id", fields: depot},
		{class: "UnicodeConfig", table: "config", ident: []string{"id"}, fields: config},
		{class: "BoolConfig", table: "config", ident: []string{"id"}, fields: config},
		{class: "ConfigState", table: "configState", ident: []string{"configId", "objectId"}, owner: "objectId",
			fields: []field{{name: "configId"}, {name: "objectId", form: aHost}, {name: "values", form: aList, initial: []any{}}}},
		{class: "HostGroup", table: "group", ident: []string{"id"}, fields: group},
		{class: "ProductGroup", table: "group", ident: []string{"id"}, fields: group},
		{class: "ObjectToGroup", table: "objectToGroup", ident: []string{"groupType", "groupId", "objectId"},
			fields: append([]field{{name: "groupType", form: aWord, words: []string{"HostGroup", "ProductGroup"}}}, texts("groupId", "objectId")...)},
		{class: "AuditSoftware", table: "auditSoftware", ident: softwareIdent, fields: join(software,
			texts("windowsSoftwareId", "windowsDisplayName", "windowsDisplayVersion"), []field{{name: "installSize", form: aNumber}})},
		{class: "AuditSoftwareOnClient", table: "auditSoftwareOnClient", ident: append(softwareIdent, "clientId"), owner: "clientId",
			fields: join(software, []field{{name: "clientId", form: aHost}}, texts("uninstallString", "binaryName"), seen,
				[]field{{name: "usageFrequency", form: aNumber, initial: -1}, {name: "lastUsed", form: aTime}}, texts("licenseKey"))},
		{class: "AuditHardwareOnHost", table: "auditHardwareOnHost", ident: []string{"hardwareClass", "hostId"}, owner: "hostId", open: true,
			fields: join(texts("hardwareClass"), []field{{name: "hostId", form: aHost}}, seen)},
	}
}
