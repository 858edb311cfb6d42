module example.com/saga/services/observer

go 1.26.0

require example.com/saga/pkg v0.0.0

replace example.com/saga/pkg => ../../pkg
