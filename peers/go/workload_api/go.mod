module doorward.invalid/workload_api

go 1.26
