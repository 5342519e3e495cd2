// SPDX-License-Identifier: Apache-2.0

// Package localapi is the counter of the daemon: HTTP and JSON on the local
// socket, for the command line, the prompt agents and whoever scripts against it.
//
// It knows routes, rights and limits, and nothing else. What is behind a route
// is the daemon's, behind small interfaces: Views (looking), Operator (ordering),
// Desk (asking people) and Reports (what agents see and did).
//
// # Rights
//
// Who calls is the connection's peer, by the kernel's word.
//
//	looking    every local user; private parts only for root and the daemon's own user
//	ordering   root and the daemon's own user
//	prompts    every local user, for its own session's windows; Desk checks that
//
// # Routes
//
//	GET  /v1/status                          apitypes.Status
//	GET  /v1/products                        apitypes.Products
//	GET  /v1/products/{id}                   apitypes.ProductDoc
//	GET  /v1/products/{id}/processes         apitypes.Processes
//	GET  /v1/products/{id}/log ?follow=1 ?from=SEQ   records, NDJSON
//	GET  /v1/log               ?follow=1 ?from=SEQ   records, NDJSON
//	POST /v1/products/{id}/request|defer|resume|cancel|reset   Order -> Done
//	POST /v1/hold, /v1/release               Order -> Done
//	POST /v1/sync                            SyncOrder -> Sync
//	POST /v1/prompts/hello                   Hello -> Welcome
//	GET  /v1/prompts/next ?agent=A ?after=N  PromptEvent, waits for one
//	POST /v1/prompts/{id}/shown|failed       Shown, Failed -> nothing
//	POST /v1/prompts/{id}/answer             Answer -> AnswerResult
//	POST /v1/prompts/closed|presence         Closed, Presence -> nothing
//
// A log that breaks off says why in the trailer Quietsetup-Error.
package localapi
